"""Build and test a part of the warehouse, and tell in a line what failed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from orchestration import unit_tests
from orchestration.build_file import discard_if_damaged
from orchestration.dbt import MARTS as DUCKDB
from orchestration.dbt import Target, dbt, log_of
from orchestration.errors import BuildFailed, Failure
from orchestration.lock import WriterLock
from orchestration.progress import Tell, unheard
from orchestration.publication import MARTS, READER_SCHEMAS
from orchestration.settings import Settings
from orchestration.tables import rows_in_quarantine, rows_of

if TYPE_CHECKING:
    from dbt.artifacts.schemas.run import RunResult

WITHOUT_UNIT_TESTS = ["--exclude-resource-type", "unit_test"]
# A skipped node names no cause; the node it waited for does.
FAILURES = ("error", "fail", "runtime error")


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


class Told(TypedDict, total=False):
    """Who hears of a dbt command, as `orchestration.dbt.dbt` takes it."""

    run_id: str
    note: Callable[[str], None]
    tell: Tell


def build(
    settings: Settings,
    lock: WriterLock,
    *,
    part: str = MARTS,
    full_refresh: bool = False,
    **told: Unpack[Told],
) -> Build:
    """Run `dbt build` of a part; raise `BuildFailed` naming what failed.

    Unit tests that passed on this very code are told of as passed, and not run again. `note` hears
    each node begin, `tell` how it ended.
    """
    lock.require_for(settings.data_dir)
    results = built(settings, part, full_refresh=full_refresh, **told)
    return _summary(settings, part, results)


def built(
    settings: Settings,
    part: str,
    *,
    full_refresh: bool,
    engine: tuple[str, ...] = unit_tests.DUCKDB,
    target: Target = DUCKDB,
    **told: Unpack[Told],
) -> "list[RunResult]":
    """Run `dbt build` of a part on an engine; return what was run, all of it good."""
    words = ["build", "--selector", part, *(["--full-refresh"] if full_refresh else [])]
    proven = unit_tests.passed(settings, part, engine)
    tell = told.get("tell", unheard)
    for name in proven:
        tell(name, "pass", "passed on this code before")
    words += WITHOUT_UNIT_TESTS if proven else []
    try:
        results = results_of(dbt(settings, *words, target=target, **told), settings)
    except BuildFailed:
        if target != DUCKDB or part != MARTS or not discard_if_damaged(settings.build_file):
            raise
        results = results_of(dbt(settings, *words, target=target, **told), settings)
    unit_tests.note(settings, part, results, engine)
    return results


def check_every_row(
    settings: Settings, *, run_id: str = "", note: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Run every data test of the marts on every row; return those that warned.

    Raises `BuildFailed` naming what failed; the seal of the build stays as it is.
    """
    words = ["test", "--selector", MARTS, *WITHOUT_UNIT_TESTS]
    results = results_of(dbt(settings, *words, run_id=run_id, note=note), settings)
    return [result.node.name for result in results if result.status == "warn"]


def results_of(answer: Any, settings: Settings) -> "list[RunResult]":  # noqa: ANN401 - dbt's union of all commands
    """Return what dbt ran, if all of it was good."""
    if answer.success:
        return list(answer.result.results)
    failed = [result for result in answer.result.results if result.status in FAILURES]
    told = "; ".join(failure_line(result) for result in failed)
    count = f"{len(failed)} of {len(answer.result.results)} failed"
    raise BuildFailed(
        f"{count}: {told}; {log_of(settings)}", tuple(_failure(result.node) for result in failed)
    )


def _failure(node: Any) -> Failure:  # noqa: ANN401 - dbt's union of all nodes
    generic = getattr(node, "test_metadata", None)
    stored = getattr(node, "should_store_failures", False) and node.relation_name
    rule = generic.name if generic else node.name
    return Failure(node.name, rule, stored or None)


def failure_line(result: "RunResult") -> str:
    """Say of a failed node what failed, by how many rows, and where to look."""
    node: Any = result.node
    if result.status == "fail":
        stored = getattr(node, "should_store_failures", False) and node.relation_name
        where = f"select * from {stored}" if stored else node.compiled_path
        return f"test {node.name} found {result.failures:,} rows ({where})"
    # The log also has the macros that an error came through, and the line of SQL.
    reason = re.split(r"\n\s*(?:> in macro|LINE \d+:)", result.message or "no reason given")[0]
    said = " ".join(reason.split())
    return f"{node.resource_type} {node.name}: {said}"


def _summary(settings: Settings, part: str, results: "list[RunResult]") -> Build:
    import duckdb

    kinds = [str(result.node.resource_type) for result in results]
    with duckdb.connect(settings.build_file, read_only=True) as built:
        ((is_full_refresh,),) = built.execute(
            "select is_full_refresh from ledger.state where part = ?", [part]
        ).fetchall()
        tables = built.execute(
            "select schema_name, table_name from ledger.relations"
            " where part = ? and schema_name in ?",
            [part, READER_SCHEMAS],
        ).fetchall()
        rows = sum(rows_of(built, *table) for table in tables)
        quarantined = rows_in_quarantine(built) if part == MARTS else 0
    return Build(
        models=kinds.count("model"),
        tests=kinds.count("test") + kinds.count("unit_test"),
        warnings=[result.node.name for result in results if result.status == "warn"],
        is_full_refresh=is_full_refresh,
        rows=rows,
        quarantined=quarantined,
    )
