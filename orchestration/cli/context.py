"""Shared parts of commands: settings, the lock and record of a run, next steps."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from orchestration.monitoring.alerts.notifications import Alerts
from orchestration.run.configuration import require_right
from orchestration.run.console import Console
from orchestration.run.lock import hold
from orchestration.run.runs import Run, recorded
from orchestration.run.settings import Settings


def settings_for(
    *, api_url: str | None = None, as_of: datetime | None = None, target: str | None = None
) -> Settings:
    """Return the settings of the environment, with what the command line gave over them."""
    given: dict[str, Any] = {"api_url": api_url, "as_of": as_of, "target": target}
    return Settings(**{name: value for name, value in given.items() if value is not None})


def require_right_settings(settings: Settings) -> None:
    """Read all settings now: a wrong one is refused before anything is done.

    What the command line gave is stronger than the environment. Raises `SettingsWrong`.
    """
    given = {"api_url": settings.api_url, "as_of": settings.as_of, "target": settings.target}
    require_right(**{name: value for name, value in given.items() if value is not None})


@contextmanager
def writing(settings: Settings, command: str, wait: float) -> Iterator[Run]:
    """Hold the writer lock and record the run, for one command; then send its alerts."""
    from orchestration.monitoring.monitor import monitor_after

    require_right_settings(settings)
    console = Console()
    with hold(settings.data_dir, command, wait) as lock:
        run: Run | None = None
        try:
            with recorded(settings, lock, console, command, [Alerts()]) as run:
                yield run
        except Exception:
            if run:
                monitor_after(run.by_its_clock, lock, console, run.run_id)
            raise
        monitor_after(run.by_its_clock, lock, console, run.run_id)


def print_next_steps(settings: Settings, console: Console) -> None:
    """Print the next commands after a run."""
    program = sys.argv[0] if sys.argv[0].endswith("moovitamix") else "moovitamix"
    dbt = program.removesuffix("moovitamix") + "dbt"
    docs = "--project-dir dbt_project"
    console.print(f'{program} query "select count(*) from fact_listen_history"   query the marts')
    console.print(f"{program} explore   pages on the listens, in a browser")
    console.print(f"{program} status   the state of the runs and the data")
    console.print(f"{program} report   a page on the runs: {settings.report_file}")
    pages = settings.data_dir / "quality" / "index.html"
    console.print(f"{pages}   raw validation of each load (Data Docs)")
    console.print(
        f"{dbt} docs generate {docs} && {dbt} docs serve {docs}   what every column means"
    )
