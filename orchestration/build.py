"""Build and test the marts with dbt, inside this process: a kill leaves nothing of it behind."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.errors import BuildFailed
from orchestration.lock import WriterLock
from orchestration.settings import ROOT, Settings
from orchestration.tables import rows_in_quarantine, rows_of_tables

if TYPE_CHECKING:
    from dbt.artifacts.schemas.run import RunResult

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
    """Rows in the marts, all tables together."""
    quarantined: int
    """Records of the newest load that broke a rule."""


def build(
    settings: Settings,
    lock: WriterLock,
    *,
    full_refresh: bool = False,
    run_id: str = "",
    note: Callable[[str], None] = lambda _: None,
) -> Build:
    """Run `dbt build`; raise `BuildFailed` naming what failed. `note` hears each node begin."""
    from dbt.cli.main import dbtRunner

    lock.require_for(settings.data_dir)
    arguments = ["build", "--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT)]
    arguments += ["--target-path", str(settings.dbt_dir / "target")]
    arguments += ["--log-path", str(settings.dbt_dir / "logs"), "--log-level", "none"]
    arguments += ["--full-refresh"] if full_refresh else []
    try:
        with _environment(settings, run_id):
            answer = dbtRunner(callbacks=[_listener(note)]).invoke(arguments)
    finally:
        _let_go_of_the_build_file()
    return _summary(settings, _results(answer, settings.dbt_dir))


def _listener(note: Callable[[str], None]) -> Callable[[Any], None]:
    def listen(event: Any) -> None:  # noqa: ANN401 - dbt's events carry no types
        if event.info.name == "LogStartLine":
            note(f"{event.data.index}/{event.data.total} {event.data.description}")

    return listen


@contextmanager
def _environment(settings: Settings, run_id: str) -> Iterator[None]:
    """Lend dbt the settings as the absolute values that its project reads."""
    lent = {
        "MOOVITAMIX_DATA_DIR": str(settings.data_dir),
        "MOOVITAMIX_LAKE_URL": settings.lake_url,
        "MOOVITAMIX_RUN_ID": run_id,
    }
    if settings.as_of:
        lent["MOOVITAMIX_AS_OF"] = settings.as_of.isoformat()
    before = dict(os.environ)
    os.environ.update(lent)
    try:
        yield
    finally:
        for name in lent:
            os.environ.pop(name)
            if name in before:
                os.environ[name] = before[name]


def _let_go_of_the_build_file() -> None:
    """Close what dbt-duckdb keeps open in this process, so that `publish` can open the file."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    environment = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()
    DuckDBConnectionManager._ENV = None


def _results(answer: Any, dbt_dir: Path) -> "list[RunResult]":  # noqa: ANN401 - dbt's union of all commands
    """Return what dbt ran, if all of it was good."""
    if answer.success:
        return list(answer.result.results)
    log = f"all of it in {dbt_dir / 'logs' / 'dbt.log'}"
    if isinstance(answer.exception, KeyboardInterrupt):
        raise answer.exception
    if answer.exception is not None:
        said = " ".join(str(answer.exception).split())
        raise BuildFailed(f"dbt could not build: {said}; {log}") from answer.exception
    failed = [result for result in answer.result.results if result.status in FAILURES]
    told = "; ".join(failure_line(result) for result in failed)
    raise BuildFailed(f"{len(failed)} of {len(answer.result.results)} failed: {told}; {log}")


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


def _summary(settings: Settings, results: "list[RunResult]") -> Build:
    import duckdb

    kinds = [str(result.node.resource_type) for result in results]
    with duckdb.connect(settings.build_file, read_only=True) as built:
        is_full_refresh = built.sql("select is_full_refresh from ledger.state").fetchall()[0][0]
        rows = sum(rows_of_tables(built).values())
        quarantined = rows_in_quarantine(built)
    return Build(
        models=kinds.count("model"),
        tests=kinds.count("test") + kinds.count("unit_test"),
        warnings=[result.node.name for result in results if result.status == "warn"],
        is_full_refresh=is_full_refresh,
        rows=rows,
        quarantined=quarantined,
    )
