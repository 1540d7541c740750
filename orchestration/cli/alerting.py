"""Commands on alert channels."""

import typer

from orchestration.cli.context import settings_for
from orchestration.run.console import Console

app = typer.Typer()


@app.command()
def alert_test() -> None:
    """Send a test alert through every channel that is set up; fail if one does not take it."""
    from orchestration.monitoring.alerts.delivery import send
    from orchestration.monitoring.alerts.messages import sample_alert
    from orchestration.run.errors import AlertFailed

    settings = settings_for()
    attempts = send(settings, sample_alert(settings))
    rows = [(one.channel, one.outcome, one.error or "") for one in attempts]
    Console().table(("channel", "outcome", "error"), rows)
    if failed := [one.channel for one in attempts if one.outcome == "failed"]:
        raise AlertFailed(f"the test alert did not go out by {', '.join(failed)}")
