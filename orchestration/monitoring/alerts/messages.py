"""Alerts as messages: what failed, where, why, the first failing rows, and the runbook."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from lake.clock import utc_now
from orchestration.monitoring.alerts.channels import secrets_in
from orchestration.monitoring.alerts.runbooks import kind_of, page_of
from orchestration.run.error_messages import one_line
from orchestration.run.errors import BuildFailed, RunCrashed
from orchestration.run.redaction import mask
from orchestration.run.settings import AlertSettings, Settings
from orchestration.warehouse.dbt_commands.failing_rows import first_failing_rows

REASON_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert; every text in it is masked already."""

    run_id: str
    command: str
    step: str
    kind: str
    reason: str
    runbook: str
    severity: str = "error"
    rows: tuple[str, ...] = ()
    log_url: str = ""
    sent_at: datetime = field(default_factory=utc_now)

    @property
    def headline(self) -> str:
        """The title: what failed, and where."""
        verb = {"error": "failed", "warning": "warned"}.get(self.severity, "")
        where = f"in {self.step}" if self.step else ""
        return " ".join(filter(None, ["MooVitamix:", self.command, verb, where, f"({self.kind})"]))

    @property
    def details(self) -> str:
        """The lines below the title."""
        lines = [self.reason, *self.rows, f"run {self.run_id}", f"what to do: {self.runbook}"]
        return "\n".join(lines + [f"log: {self.log_url}"] * bool(self.log_url))

    def as_row(self) -> dict[str, Any]:
        """The alert as in `ops/alerts` and the log, without channel and outcome."""
        kept = "run_id command step kind reason severity runbook sent_at"
        return {name: getattr(self, name) for name in kept.split()}


def alert_of(
    settings: Settings, error: BaseException, *, run_id: str, command: str, step: str
) -> Alert:
    """Return the alert of an error, with the first rows that a failing test found.

    Args:
        settings: Where the build file is, and what is secret.
        error: What ended the run.
        run_id: The run's id.
        command: What the run is called.
        step: The step that failed; empty where none was at work.
    """
    rows: Iterable[str] = ()
    if isinstance(error, BuildFailed):
        with suppress(Exception):  # the build file may be open elsewhere, or gone
            rows = first_failing_rows(settings.build_file, error.failures)
    about = {"run_id": run_id, "command": command, "step": step, "rows": tuple(rows)}
    return _alert(settings, kind_of(error), one_line(error), page_of(error), **about)


def warning_of(
    settings: Settings, warnings: Iterable[str], *, run_id: str, command: str, step: str
) -> Alert:
    """Return the alert of a step that succeeded with warnings.

    Args:
        settings: What is secret.
        warnings: What is odd.
        run_id: The run's id.
        command: What the run is called.
        step: The step that warned.
    """
    about = {"run_id": run_id, "command": command, "step": step, "severity": "warning"}
    return _alert(settings, "Warned", "; ".join(warnings), "warnings", **about)


def crash_of(settings: Settings, started: dict[str, Any]) -> Alert:
    """Return the alert of a run that has a `started` row and no `finished` one."""
    crash = RunCrashed(started["at"])
    run_id, command = started["run_id"], started["command"]
    return alert_of(settings, crash, run_id=run_id, command=command, step="")


def sample_alert(settings: Settings) -> Alert:
    """Return an alert that says that it is a test."""
    about = {"run_id": f"test-{utc_now():%Y%m%dT%H%M%S%f}", "command": "alert-test"}
    reason = "this is only a test: alerts reach you"
    return _alert(settings, "Test", reason, "README", severity="test", **about)


def _alert(settings: Settings, kind: str, reason: str, page: str, **about: Any) -> Alert:  # noqa: ANN401 - fields of an alert
    asked = AlertSettings()
    hide = partial(mask, secrets=secrets_of(settings, asked))
    return Alert(
        kind=kind,
        reason=hide(reason, kind=kind)[:REASON_LENGTH],
        runbook=f"{asked.runbooks.rstrip('/')}/{page}.md",
        log_url=hide(asked.log_url),
        command=hide(about.pop("command")),
        step=about.pop("step", ""),
        **about,
    )


def secrets_of(settings: Settings, asked: AlertSettings) -> tuple[str, ...]:
    """Return what no alert may hold, the user and password in URLs included."""
    found = [*asked.secrets, *settings.secrets]
    for url in asked.urls.get_secret_value().split():
        found += secrets_in(url)
    place = settings.lake_url.partition("://")[2].partition("/")[0]
    user, at, _ = place.rpartition("@")
    found += [user, *user.split(":")[1:]] if at else []
    return tuple(one for one in found if len(one) > 3)
