"""When a run tells people: that it failed, that it warned, and that the one before it crashed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestration.run.errors import told

if TYPE_CHECKING:
    from orchestration.monitoring.alerts.messages import Alert
    from orchestration.run.runs import Run


@contextmanager
def told_of_failure(run: "Run") -> Iterator[None]:
    """Tell of what ends the block, which goes on as it was; an interrupt is nobody's failure."""
    try:
        yield
    except Exception as error:
        with _never_in_the_way(run):
            from orchestration.monitoring.alerts import messages

            alert = messages.alert_of(
                run.settings, error, run_id=run.run_id, command=run.command, step=run.at_work
            )
            _send(run, alert)
        raise


def tell_of_warnings(run: "Run", step: str, warnings: Sequence[str]) -> None:
    """Tell of what is odd, where the settings ask for that."""
    with _never_in_the_way(run):
        from orchestration.monitoring.alerts import messages
        from orchestration.run.settings import AlertSettings

        if AlertSettings().warnings:
            alert = messages.warning_of(
                run.settings, warnings, run_id=run.run_id, command=run.command, step=step
            )
            _send(run, alert)


def tell_of_crash(run: "Run") -> None:
    """Tell once of a run that began before this one and never ended: who was killed tells nobody.

    The lock is ours, so no other run is under way.
    """
    with _never_in_the_way(run):
        from orchestration.monitoring.alerts import messages
        from orchestration.monitoring.status import crashed_run

        if crashed := crashed_run(run.settings.lake_url):
            _send(run, messages.crash_of(run.settings, crashed))


@contextmanager
def _never_in_the_way(run: "Run") -> Iterator[None]:
    """Say in a line that nobody could be told, and go on."""
    try:
        yield
    except Exception as error:
        run.screen.say(f"nobody was alerted: {told(error)}")


def _send(run: "Run", alert: "Alert") -> None:
    from orchestration.monitoring.alerts import messages

    for one in messages.send(run.settings, alert):
        if one.outcome == "failed":
            run.screen.say(f"the alert by {one.channel} failed: {one.error}")
