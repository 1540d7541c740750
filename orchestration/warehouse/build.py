"""Build and test a part of the warehouse."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, Unpack

from orchestration.run.errors import BuildFailed
from orchestration.run.lock import WriterLock
from orchestration.run.progress import OnNode, ignore
from orchestration.run.settings import Settings
from orchestration.warehouse.build_file import discard_if_damaged
from orchestration.warehouse.catalog import rows_in_quarantine, rows_of
from orchestration.warehouse.dbt_commands import unit_tests
from orchestration.warehouse.dbt_commands.dbt import DUCKDB, Target, dbt, lent
from orchestration.warehouse.dbt_commands.failures import results_of
from orchestration.warehouse.graph import PARTS
from orchestration.warehouse.publishing.publication import MARTS, READER_SCHEMAS

if TYPE_CHECKING:
    from dbt.artifacts.schemas.run import RunResult

WITHOUT_UNIT_TESTS = ["--exclude-resource-type", "unit_test"]


@dataclass(frozen=True, slots=True)
class Build:
    """A whole good build: how much dbt ran, what it warned of, and how it began."""

    models: int
    tests: int
    warnings: list[str]
    is_full_refresh: bool
    rows: int
    """Rows in the part, all its tables together."""
    quarantined: int
    """Records of the newest load that broke a rule."""


class Listeners(TypedDict, total=False):
    """Callbacks of a dbt command, as `orchestration.warehouse.dbt_commands.dbt.dbt` takes them."""

    run_id: str
    on_start: Callable[[str], None]
    on_node: OnNode


def build_on_duckdb(
    settings: Settings,
    lock: WriterLock,
    *,
    part: str = MARTS,
    full_refresh: bool = False,
    nodes: Sequence[str] = (),
    **listeners: Unpack[Listeners],
) -> Build:
    """Run `dbt build` of a part; raise `BuildFailed` naming what failed.

    Unit tests that passed on the present code are reported as passed, and not run again.

    Args:
        settings: Where the build file and the lake are.
        lock: The writer lock of their data folder.
        part: What is built and validated together.
        full_refresh: Build from the start, whatever was built before.
        nodes: Ids of the only nodes to build, from the start: models with all that follows them,
            and tests. A part that is not validated, or has more to read, is built whole.
        **listeners: `on_start` is called as each node starts, `on_node` as it ends.

    """
    lock.require_for(settings.data_dir)
    results = _piece(settings, part, nodes, **listeners) if nodes else None
    if results is None:
        results = run_build(settings, part, full_refresh=full_refresh, **listeners)
    return _summary(settings, part, results)


def _piece(
    settings: Settings, part: str, nodes: Sequence[str], **listeners: Unpack[Listeners]
) -> "list[RunResult] | None":
    """Build a piece of a validated part; None, nothing touched, where only all may be built."""
    words = ["build", "--full-refresh", *selection_of(part, nodes)]
    words += _without_proven(settings, part, unit_tests.DUCKDB, listeners.get("on_node", ignore))
    try:
        with lent({"MOOVITAMIX_PIECE": part}):
            return results_of(dbt(settings, *words, **listeners), settings)
    except BuildFailed as error:
        is_refused = "only the whole of" in str(error)  # macros/build/begin_build.sql
        if not is_refused and (part != MARTS or not discard_if_damaged(settings.build_file)):
            raise
        return None


def selection_of(part: str, nodes: Sequence[str]) -> tuple[str, ...]:
    """Write in dbt's words: models and sources with what follows them in the part; tests.

    A unit test comes with its model.
    """
    words = {"model": "{}+", "test": "{}", "source": "source:{}+"}
    chosen = []
    for kind, _, *name in (node.split(".") for node in nodes):
        if kind in words:  # the last of a generic test's id is a hash
            chosen.append(words[kind].format(".".join(name) if kind == "source" else name[0]))
    others = [f"fqn:moovitamix.{other}" for other in PARTS if other not in (part, MARTS)]
    return ("--select", *chosen, "--exclude", *others, "--indirect-selection", "empty")


def run_build(
    settings: Settings,
    part: str,
    *,
    full_refresh: bool,
    engine: tuple[str, ...] = unit_tests.DUCKDB,
    target: Target = DUCKDB,
    **listeners: Unpack[Listeners],
) -> "list[RunResult]":
    """Run `dbt build` of a part on an engine; return what was run, all of it good.

    Args:
        settings: Where the data folder and the lake are.
        part: A part of the build: marts, features, recommendations or monitoring.
        full_refresh: Whether it is built from the start.
        engine: The packages on whose versions proofs of unit tests depend.
        target: The output of profiles.yml.
        **listeners: `on_start` is called as each node starts, `on_node` as it ends.

    """
    words = ["build", "--selector", part, *(["--full-refresh"] if full_refresh else [])]
    words += _without_proven(settings, part, engine, listeners.get("on_node", ignore))
    try:
        results = results_of(dbt(settings, *words, target=target, **listeners), settings)
    except BuildFailed:
        if target != DUCKDB or part != MARTS or not discard_if_damaged(settings.build_file):
            raise
        results = results_of(dbt(settings, *words, target=target, **listeners), settings)
    unit_tests.record_passed(settings, part, results, engine)
    return results


def _without_proven(
    settings: Settings, part: str, engine: tuple[str, ...], on_node: OnNode
) -> list[str]:
    """Leave out the unit tests that passed on this very code, and report them as passed."""
    proven = unit_tests.passed_tests(settings, part, engine)
    for name in proven:
        on_node(name, "pass", "passed on this code before")
    return WITHOUT_UNIT_TESTS if proven else []


def check_every_row(
    settings: Settings, *, run_id: str = "", on_start: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Run every data test of the marts on every row; the status of the build stays as it is.

    Args:
        settings: Where the build file and the lake are.
        run_id: The run that asks, for `ops/dbt_results`.
        on_start: Called with each test as it starts.

    Returns:
        The tests that warned.

    Raises:
        BuildFailed: A test failed; the error names it.

    """
    words = ["test", "--selector", MARTS, *WITHOUT_UNIT_TESTS]
    results = results_of(dbt(settings, *words, run_id=run_id, on_start=on_start), settings)
    return [result.node.name for result in results if result.status == "warn"]


def _summary(settings: Settings, part: str, results: "list[RunResult]") -> Build:
    import duckdb

    kinds = [str(result.node.resource_type) for result in results]
    with duckdb.connect(settings.build_file, read_only=True) as db:
        ((is_full_refresh,),) = db.execute(
            "select is_full_refresh from ledger.state where part = ?", [part]
        ).fetchall()
        tables = db.execute(
            "select schema_name, table_name from ledger.relations"
            " where part = ? and schema_name in ?",
            [part, READER_SCHEMAS],
        ).fetchall()
        rows = sum(rows_of(db, *table) for table in tables)
        quarantined = rows_in_quarantine(db) if part == MARTS else 0
    return Build(
        models=kinds.count("model"),
        tests=kinds.count("test") + kinds.count("unit_test"),
        warnings=[result.node.name for result in results if result.status == "warn"],
        is_full_refresh=is_full_refresh,
        rows=rows,
        quarantined=quarantined,
    )
