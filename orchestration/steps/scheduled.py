"""A run that is one task of a scheduler: it waits its turn, is recorded, and leaves the telling.

Alerts and the monitoring marts are the scheduler's to order, for it knows whether a task is tried
again, and of those that were killed.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from orchestration.monitoring.alerts.notifications import Alerts
from orchestration.run import progress
from orchestration.run.configuration import require_right
from orchestration.run.console import Screen
from orchestration.run.lock import hold
from orchestration.run.runs import Run, new_run_id, recorded
from orchestration.run.settings import Settings

# Whoever writes from the command line meanwhile is waited for; the scheduler's own tasks queue.
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
    settings, screen = _settings(as_of), Screen()
    with ExitStack() as held:
        # before anything can fail: who watches sees that it lives
        tell = held.enter_context(_telling(settings, build, heading))
        lock = held.enter_context(hold(settings.data_dir, command, PATIENCE_SECONDS))
        run = held.enter_context(
            recorded(settings, lock, screen, command, [Alerts(failures=False)])
        )
        run.tell = tell
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

    No run of its own: they would tell of it as of one that never ended. Arguments as `writing`.
    """
    from orchestration.monitoring.monitor import monitor as build_marts
    from orchestration.monitoring.report.writing import write as write_report

    settings, screen = _settings(as_of), Screen()
    with (
        _telling(settings, build, heading) as tell,
        hold(settings.data_dir, command, PATIENCE_SECONDS) as lock,
        screen.working("monitor"),
    ):
        done = build_marts(settings, lock, run_id=new_run_id(), tested=True, tell=tell)
        report, level = write_report(settings)
    screen.say(f"{done.tables} tables, {done.tests} tests held, in {settings.monitoring_file}")
    screen.say(f"{level.name.lower()}: {report}")


def _settings(as_of: datetime | None) -> Settings:
    settings = Settings() if as_of is None else Settings(as_of=as_of)
    require_right(**{} if as_of is None else {"as_of": as_of})
    return settings


@contextmanager
def _telling(
    settings: Settings, build: str, heading: progress.Heading | None
) -> Iterator[progress.Tell]:
    if heading is None:
        yield progress.unheard
        return
    with progress.telling(progress.file_of(settings, build), heading) as tell:
        yield tell
