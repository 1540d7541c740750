"""Alerts of a run: that it failed, that it warned, that the one before it crashed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.run.error_messages import message_of

if TYPE_CHECKING:
    from orchestration.monitoring.alerts.messages import Alert
    from orchestration.run.runs import Run


@dataclass(frozen=True, slots=True)
class Alerts:
    """The subscriber that alerts people; an interrupt is no failure."""

    failures: bool = True
    """Whether failures and crashes are sent too: not where a scheduler sends them itself."""

    def run_started(self, run: "Run") -> None:
        """Alert once of a run that began before this one and never ended.

        The lock is held, so no other run is under way.
        """
        if not self.failures:
            return
        with _never_in_the_way(run):
            from orchestration.monitoring.alerts import messages
            from orchestration.monitoring.status import crashed_run

            if crashed := crashed_run(run.settings.lake_url):
                _send(run, messages.crash_of(run.settings, crashed))

    def step_warned(self, run: "Run", step: str, warnings: Sequence[str]) -> None:
        """Alert of what is odd, where the settings ask for that."""
        with _never_in_the_way(run):
            from orchestration.monitoring.alerts import messages
            from orchestration.run.settings import AlertSettings

            if AlertSettings().warnings:
                alert = messages.warning_of(
                    run.settings, warnings, run_id=run.run_id, command=run.command, step=step
                )
                _send(run, alert)

    def run_failed(self, run: "Run", error: Exception) -> None:
        """Alert of the error that ended a run."""
        if not self.failures:
            return
        with _never_in_the_way(run):
            from orchestration.monitoring.alerts import messages

            alert = messages.alert_of(
                run.settings, error, run_id=run.run_id, command=run.command, step=run.at_work
            )
            _send(run, alert)


@contextmanager
def _never_in_the_way(run: "Run") -> Iterator[None]:
    """Say in a line that nobody could be told, and go on."""
    try:
        yield
    except Exception as error:
        run.screen.say(f"nobody was alerted: {message_of(error)}")


def _send(run: "Run", alert: "Alert") -> None:
    from orchestration.monitoring.alerts import messages

    for one in messages.send(run.settings, alert):
        if one.outcome == "failed":
            run.screen.say(f"the alert by {one.channel} failed: {one.error}")
