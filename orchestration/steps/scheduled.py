"""A run that is one task of a scheduler: it waits for the lock and is recorded.

Alerts and the monitoring marts are the scheduler's to order, for it knows whether a task is tried
again, and of those that were killed.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from orchestration.monitoring.alerts.notifications import Alerts
from orchestration.run import progress
from orchestration.run.configuration import require_right
from orchestration.run.console import Console
from orchestration.run.lock import hold
from orchestration.run.runs import Run, new_run_id, recorded
from orchestration.run.settings import Settings

# How long a task waits for a command that writes; the scheduler's own tasks queue.
PATIENCE_SECONDS = 1_800.0


@contextmanager
def writing(
    command: str,
    *,
    as_of: datetime | None = None,
    build: str = "",
    heading: progress.Heading | None = None,
) -> Iterator[Run]:
    """Hold the writer lock and record the run of one task.

    Args:
        command: What the run is called.
        as_of: The run's clock.
        build: What its watchers know the build by (`progress.file_of`).
        heading: What they learn of it, before they learn node by node how far dbt came; without
            one they learn nothing.

    """
    settings, console = _settings(as_of), Console()
    with ExitStack() as held:
        # before anything can fail, so that watchers see it started
        on_node = held.enter_context(_recording(settings, build, heading))
        lock = held.enter_context(hold(settings.data_dir, command, PATIENCE_SECONDS))
        run = held.enter_context(
            recorded(settings, lock, console, command, [Alerts(failures=False)])
        )
        run.on_node = on_node
        yield run
        run.show_summary()


def monitor(
    command: str,
    *,
    as_of: datetime | None = None,
    build: str = "",
    heading: progress.Heading | None = None,
) -> None:
    """Build the monitoring marts, not without all of their tests, and the report from them.

    It records no run: the marts would show it as one that never ended. Arguments as `writing`.

    Args:
        command: The command or task, as it is recorded.
        as_of: The run's clock.
        build: The name by which sensors find the build.
        heading: What sensors learn before the first node ends.

    """
    from orchestration.monitoring.monitor import build_monitoring
    from orchestration.monitoring.report import writing

    settings, console = _settings(as_of), Console()
    with (
        _recording(settings, build, heading) as on_node,
        hold(settings.data_dir, command, PATIENCE_SECONDS) as lock,
        console.working("monitor"),
    ):
        done = build_monitoring(settings, lock, run_id=new_run_id(), tested=True, on_node=on_node)
        report, level = writing.write(settings)
    console.print(f"{done.tables} tables, {done.tests} tests held, in {settings.monitoring_file}")
    console.print(f"{level.name.lower()}: {report}")


def _settings(as_of: datetime | None) -> Settings:
    settings = Settings() if as_of is None else Settings(as_of=as_of)
    require_right(**{} if as_of is None else {"as_of": as_of})
    return settings


@contextmanager
def _recording(
    settings: Settings, build: str, heading: progress.Heading | None
) -> Iterator[progress.OnNode]:
    if heading is None:
        yield progress.ignore
        return
    with progress.recording(progress.file_of(settings, build), heading) as on_node:
        yield on_node
