"""Monitoring commands: the app's API, the monitoring marts, the report, dbt's graph."""

import typer

from orchestration.cli.context import require_right_settings, settings_for
from orchestration.cli.options import ApiUrl, Wait
from orchestration.run.console import Console
from orchestration.run.lock import hold
from orchestration.run.runs import new_run_id

app = typer.Typer()


@app.command()
def monitor(wait: Wait = 0) -> None:
    """Build the monitoring marts from what runs left, and test them all; runs build them too."""
    from orchestration.monitoring.monitor import build_monitoring

    settings, console = settings_for(), Console()
    require_right_settings(settings)
    with hold(settings.data_dir, "monitor", wait) as lock, console.working("monitor"):
        done = build_monitoring(settings, lock, run_id=new_run_id(), tested=True)
    console.print(f"{done.tables} tables, {done.tests} tests held, in {settings.monitoring_file}")


@app.command()
def report() -> None:
    """Write the report: the current state and the history, on one page."""
    from orchestration.monitoring.report.writing import write

    path, level = write(settings_for())
    Console().print(f"{level.name.lower()}: {path}")


@app.command()
def graph() -> None:
    """Write dbt's graph for Airflow: once, and after each change of the dbt project."""
    from orchestration.warehouse.graph import make

    console = Console()
    with console.working("graph"):
        made = make(settings_for())
    console.print(f"{len(made)} parts in {made[0].parent}")


@app.command("check-api")
def check(api_url: ApiUrl = None) -> None:
    """Check the health of the app's API, and record its response."""
    from orchestration.steps.api_watch import check_api, require_well

    found = check_api(settings_for(api_url=api_url))
    for endpoint, error in found.items():
        Console().print(f"{endpoint:<16} {error or 'ok'}")
    require_well(found)
