"""Build the monitoring marts from the lake's `ops/`, and publish them as a file.

Built after every run, failed ones too. It never blocks the marts: an error here is printed in a
line, and `monitoring.duckdb` stays as it was.
"""

from dataclasses import dataclass
from pathlib import Path

from orchestration.monitoring.measures import measure_lake
from orchestration.run.console import Console
from orchestration.run.error_messages import message_of
from orchestration.run.errors import MonitoringFailed
from orchestration.run.lock import WriterLock
from orchestration.run.progress import OnNode, ignore
from orchestration.run.settings import Settings
from orchestration.warehouse.dbt_commands.dbt import MONITORING, dbt, log_of
from orchestration.warehouse.dbt_commands.failures import failure_line
from orchestration.warehouse.publishing import published_files


@dataclass(frozen=True, slots=True)
class Monitoring:
    """The result of a build of the monitoring marts."""

    tables: int
    tests: int


def build_monitoring(
    settings: Settings,
    lock: WriterLock,
    *,
    run_id: str = "",
    tested: bool = False,
    on_node: OnNode = ignore,
) -> Monitoring:
    """Rebuild `monitoring.duckdb`; with `tested` only if all of its tests pass.

    Raises `MonitoringFailed` when a model can't be built or a test fails; the file stays as it was.

    Args:
        settings: Where the data folder and the lake are.
        lock: The writer lock of the data folder.
        run_id: The run that asks, for the rows of `ops/`.
        tested: Whether the file is replaced only if all tests pass.
        on_node: Called as each node of dbt ends.

    """
    lock.require_for(settings.data_dir)
    measure_lake(settings, run_id)
    draft = settings.dbt_dir / "monitoring.duckdb"
    for left in (draft, draft.with_name(f"{draft.name}.wal")):
        left.unlink(missing_ok=True)
    answer = dbt(
        settings,
        *("build" if tested else "run", "--selector", "monitoring"),
        run_id=run_id,
        on_node=on_node,
        target=MONITORING,
    )
    if not answer.success:
        bad = [one for one in answer.result.results if one.status in ("error", "fail")]
        raise MonitoringFailed(f"{'; '.join(map(failure_line, bad))}; {log_of(settings)}")
    _publish(settings.monitoring_file, draft, run_id)
    kinds = [str(one.node.resource_type) for one in answer.result.results]
    return Monitoring(kinds.count("model"), kinds.count("test") + kinds.count("unit_test"))


def _publish(link: Path, made: Path, run_id: str) -> None:
    """Put the file in its place, write-protected, as the marts' own are."""
    published_files.sweep(link)
    is_good = published_files.mend(link) is None
    draft = made.replace(published_files.new_draft(link))
    number = published_files.next_number(link)
    file = published_files.finish(draft, number, run_id or None)
    published_files.point(link, file, keep_present=is_good)
    published_files.sweep(link)


def monitor_after(settings: Settings, lock: WriterLock, console: Console, run_id: str) -> None:
    """Build the monitoring marts at the end of a run; an error is printed, and no more.

    Args:
        settings: Where the data folder and the lake are.
        lock: The writer lock of the data folder.
        console: Where lines and progress are shown.
        run_id: The run that asks, for the rows of `ops/`.

    """
    try:
        with console.working("monitor"):
            build_monitoring(settings, lock, run_id=run_id)
    except Exception as error:  # a run is not undone by what looks at it
        console.print(f"monitoring stays as it was: {message_of(error)}")
