"""Tell people of a failure: what, where, why, the first rows at fault, and the page that helps.

An alert is never the reason for anything: whatever goes wrong with it is noted in `ops/alerts`,
and the run's own error goes on as if nobody had been told.
"""

import re
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lake.clock import utc_now
from orchestration.monitoring.alerts.channels import Channel, channels, write_log
from orchestration.monitoring.alerts.runbooks import kind_of, page_of
from orchestration.run.error_messages import one_line
from orchestration.run.errors import BuildFailed, RunCrashed
from orchestration.run.redaction import masked
from orchestration.run.settings import AlertSettings, Settings
from orchestration.warehouse.failing_rows import first_failing_rows

REASON_LENGTH = 1_000
# A test is asked for by a person; a crash is found once, by the run that comes after it.
ALWAYS_SENT = frozenset({"Test", RunCrashed.__name__})


@dataclass(frozen=True, slots=True)
class Alert:
    """What a person is told; every text in it is masked already."""

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
        """The first line: what failed, and where."""
        verb = {"error": "failed", "warning": "warned"}.get(self.severity, "")
        where = f"in {self.step}" if self.step else ""
        return " ".join(filter(None, ["MooVitamix:", self.command, verb, where, f"({self.kind})"]))

    @property
    def text(self) -> str:
        """All of it, as lines."""
        lines = [self.headline, self.reason, *self.rows, f"run {self.run_id}"]
        lines += [f"what to do: {self.runbook}"] + ([f"log: {self.log_url}"] * bool(self.log_url))
        return "\n".join(lines)

    def as_row(self) -> dict[str, Any]:
        """The alert as `ops/alerts` and the log have it, but for its channel and outcome."""
        kept = "run_id command step kind reason severity runbook sent_at"
        return {name: getattr(self, name) for name in kept.split()}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of an alert in one channel: `sent`, `failed`, or `repeated` and so held back."""

    channel: str
    outcome: str
    error: str | None = None


def alert_of(
    settings: Settings, error: BaseException, *, run_id: str, command: str, step: str
) -> Alert:
    """Put together what to tell of an error: masked, and with the rows that a test found."""
    asked = AlertSettings()
    secrets, kind = _secrets(settings, asked), kind_of(error)
    rows: Sequence[str] = ()
    if isinstance(error, BuildFailed):
        with suppress(Exception):  # the build file may be open elsewhere, or gone
            rows = first_failing_rows(settings.build_file, error.failures)
    return Alert(
        run_id=run_id,
        command=command,
        step=step,
        kind=kind,
        reason=masked(one_line(error), secrets=secrets, kind=kind)[:REASON_LENGTH],
        runbook=f"{asked.runbooks.rstrip('/')}/{page_of(error)}.md",
        rows=tuple(rows),
        log_url=masked(asked.log_url, secrets=secrets),
    )


def warning_of(
    settings: Settings, warnings: Iterable[str], *, run_id: str, command: str, step: str
) -> Alert:
    """Put together what to tell of a step that went on although something is odd."""
    asked = AlertSettings()
    told = masked("; ".join(warnings), secrets=_secrets(settings, asked))
    page = f"{asked.runbooks.rstrip('/')}/warnings.md"
    return Alert(run_id, command, step, "Warned", told[:REASON_LENGTH], page, "warning")


def crash_of(settings: Settings, started: dict[str, Any]) -> Alert:
    """Put together what to tell of a run that has a beginning and no end."""
    asked = AlertSettings()
    error = RunCrashed(started["at"])
    return Alert(
        run_id=started["run_id"],
        command=masked(started["command"], secrets=_secrets(settings, asked)),
        step="",
        kind=kind_of(error),
        reason=str(error),
        runbook=f"{asked.runbooks.rstrip('/')}/{page_of(error)}.md",
    )


def send(settings: Settings, alert: Alert) -> list[Attempt]:
    """Send through every channel, within the patience that is set, and record each attempt.

    Raises nothing but for settings that can't be read.
    """
    asked = AlertSettings()
    secrets = _secrets(settings, asked)
    quiet = set() if alert.kind in ALWAYS_SENT else _told_lately(settings, alert, asked)
    ready = channels(asked)
    told = _in_time({name: one for name, one in ready.items() if name not in quiet}, alert, asked)
    attempts = [Attempt(name, "repeated") for name in ready if name in quiet]
    for name, failed in told.items():
        said = failed and masked(f"{type(failed).__name__}: {one_line(failed)}", secrets=secrets)
        attempts.append(Attempt(name, "failed" if failed else "sent", said or None))
    attempts.append(_logged(settings, alert, secrets))
    with suppress(Exception):  # the lake may be what the alert is about
        _record(settings, alert, attempts)
    return attempts


def _in_time(
    ready: dict[str, Channel], alert: Alert, asked: AlertSettings
) -> dict[str, Exception | None]:
    """Send side by side; who is not done in time has failed, and does not hold up the end."""
    done: dict[str, Exception | None] = {}

    def try_one(name: str, channel: Channel) -> None:
        try:
            channel(alert)
        except Exception as error:
            done[name] = error
        else:
            done[name] = None

    senders = [
        threading.Thread(target=try_one, args=one, daemon=True, name=f"alert by {one[0]}")
        for one in ready.items()
    ]
    for sender in senders:
        sender.start()
    deadline = time.monotonic() + asked.patience
    for sender in senders:
        sender.join(max(0.0, deadline - time.monotonic()))
    late = TimeoutError(f"no end within {asked.patience:g} s")
    return {name: done.get(name, late) for name in ready}


def _logged(settings: Settings, alert: Alert, secrets: tuple[str, ...]) -> Attempt:
    try:
        write_log(settings.alerts_log, alert)
    except OSError as error:
        return Attempt("log", "failed", masked(one_line(error), secrets=secrets))
    return Attempt("log", "sent")


def _record(settings: Settings, alert: Alert, attempts: Iterable[Attempt]) -> None:
    from lake import log

    rows = [
        alert.as_row() | {"channel": one.channel, "outcome": one.outcome, "error": one.error}
        for one in attempts
    ]
    log.append(settings.lake_url, "alerts", rows, alert.sent_at.date())


def _told_lately(settings: Settings, alert: Alert, asked: AlertSettings) -> set[str]:
    """The channels through which the same was sent not long ago; none if that can't be told."""
    from lake import log

    since = alert.sent_at - asked.quiet
    first = f"day={since:%Y-%m-%d}"
    try:
        days = log.days(settings.lake_url, "alerts")
        folders = [day for day in days if day.rsplit("/", 1)[-1] >= first]
        rows = log.read(settings.lake_url, "alerts", folders)
    except Exception:
        return set()
    same = [row for row in rows if row["sent_at"] > since and row["outcome"] == "sent"]
    return {row["channel"] for row in same if _sameness(**row) == _sameness(**alert.as_row())}


def _sameness(*, kind: str, step: str, reason: str, severity: str, **_: object) -> tuple[str, ...]:
    """What two alerts of one trouble have in common: all but the numbers in the reason."""
    return kind, step or "", severity, re.sub(r"\d+", "#", reason)


def _secrets(settings: Settings, asked: AlertSettings) -> tuple[str, ...]:
    """What is set up and must not be read by others, the user and password in URLs included."""
    found = [*asked.secrets, *settings.secrets]
    place = settings.lake_url.partition("://")[2].partition("/")[0]
    user, at, _ = place.rpartition("@")
    found += [user, *user.split(":")[1:]] if at else []
    return tuple(one for one in found if len(one) > 3)


def trial() -> Alert:
    """An alert that says that it is a test."""
    asked = AlertSettings()
    run_id = f"test-{utc_now():%Y%m%dT%H%M%S%f}"
    page = f"{asked.runbooks.rstrip('/')}/README.md"
    said = "this is only a test: alerts reach you"
    return Alert(run_id, "alert-test", "", "Test", said, page, "test", log_url=asked.log_url)
