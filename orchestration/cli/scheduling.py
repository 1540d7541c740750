"""Commands that run the DAGs."""

import sys
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def airflow(
    free_ports: Annotated[
        bool, typer.Option("--free-ports", help="Any free ports, not the ones that are set.")
    ] = False,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="End when the process that began this does.")
    ] = False,
) -> None:
    """Run Airflow, MLflow, the serving API and the app's API until interrupted."""
    from orchestration.cli.context import require_right_settings, settings_for
    from orchestration.local_stack.processes import kernel
    from orchestration.local_stack.processes.foreground import run

    require_right_settings(settings_for())
    if with_parent:
        kernel.end_with_parent()

    words = ["--free-ports"] if free_ports else []
    words += ["--debug"] if "--debug" in sys.argv else []
    if code := run(words):
        raise typer.Exit(code)
