"""Alerts of a run: a failure, a warning, or a crash of the previous run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.monitoring.alerts import messages
from orchestration.monitoring.alerts.delivery import send
from orchestration.run.error_messages import message_of
from orchestration.run.settings import AlertSettings

if TYPE_CHECKING:
    from orchestration.run.runs import Run


@dataclass(frozen=True, slots=True)
class Alerts:
    """The subscriber that sends alerts; an interrupt is no failure."""

    failures: bool = True
    """Whether failures and crashes are sent too: not where a scheduler sends them itself."""

    def run_started(self, run: "Run") -> None:
        """Alert once of a run that began before this one and never ended.

        The lock is held, so no other run is under way.
        """
        from orchestration.monitoring.status import crashed_run

        with _reported(run):
            if self.failures and (crashed := crashed_run(run.settings.lake_url)):
                _send(run, messages.crash_of(run.settings, crashed))

    def step_warned(self, run: "Run", step: str, warnings: Sequence[str]) -> None:
        """Alert of what is odd, where the settings ask for that.

        Args:
            run: The run that asks: its settings, lock and console.
            step: The step.
            warnings: What it warned of, a line each.

        """
        about = {"run_id": run.run_id, "command": run.command, "step": step}
        with _reported(run):
            if AlertSettings().warnings:
                _send(run, messages.warning_of(run.settings, warnings, **about))

    def run_failed(self, run: "Run", error: Exception) -> None:
        """Alert of the error that ended a run."""
        about = {"run_id": run.run_id, "command": run.command, "step": run.at_work}
        with _reported(run):
            if self.failures:
                _send(run, messages.alert_of(run.settings, error, **about))


@contextmanager
def _reported(run: "Run") -> Iterator[None]:
    """Report in one line that no alert could be made, and go on."""
    try:
        yield
    except Exception as error:
        run.console.print(f"no alert was sent: {message_of(error)}")


def _send(run: "Run", alert: messages.Alert) -> None:
    for one in send(run.settings, alert):
        if one.outcome == "failed":
            run.console.print(f"the alert by {one.channel} failed: {one.error}")
