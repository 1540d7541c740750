"""Delivery of alerts: each channel once within the quiet time, and a row of every attempt.

An alert never changes the outcome of a run: what goes wrong with it is recorded in `ops/alerts`.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from orchestration.monitoring.alerts import channels
from orchestration.monitoring.alerts.messages import Alert, secrets_of
from orchestration.run.error_messages import one_line
from orchestration.run.errors import RunCrashed
from orchestration.run.redaction import mask
from orchestration.run.settings import AlertSettings, Settings

# A person asks for a test; a crash is found once, by the next run.
ALWAYS_SENT = frozenset({"Test", RunCrashed.__name__})


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outcome of an alert in one channel: `sent`, `failed`, or held back as `repeated`."""

    channel: str
    outcome: str
    error: str | None = None


def send(settings: Settings, alert: Alert) -> list[Attempt]:
    """Send through every channel, within the patience that is set, and record each attempt.

    Raises only if settings can't be read.
    """
    asked = AlertSettings()
    urls = channels.by_name(asked.urls.get_secret_value())
    quiet = set() if alert.kind in ALWAYS_SENT else _sent_lately(settings, alert, asked) & {*urls}
    due = {name: url for name, url in urls.items() if name not in quiet}
    try:
        errors = channels.send(due, alert, asked.patience) if due else {}
    except Exception as error:
        errors = dict.fromkeys(due, one_line(error))
    errors["log"] = _log(settings, alert)
    hide = partial(mask, secrets=secrets_of(settings, asked))
    attempts = [Attempt(name, "repeated") for name in quiet]
    attempts += [
        Attempt(name, "failed", hide(error)) if error else Attempt(name, "sent")
        for name, error in errors.items()
    ]
    with suppress(Exception):  # the lake may be what the alert is about
        _record(settings, alert, attempts)
    return attempts


def _log(settings: Settings, alert: Alert) -> str:
    try:
        channels.write_log(settings.alerts_log, alert)
    except OSError as error:
        return one_line(error)
    return ""


def _record(settings: Settings, alert: Alert, attempts: Iterable[Attempt]) -> None:
    from lake import log

    rows = [
        alert.as_row() | {"channel": one.channel, "outcome": one.outcome, "error": one.error}
        for one in attempts
    ]
    log.append(settings.lake_url, "alerts", rows, alert.sent_at.date())


def _sent_lately(settings: Settings, alert: Alert, asked: AlertSettings) -> set[str]:
    """The channels that sent the same within the quiet time; none if that can't be read."""
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
    return {row["channel"] for row in same if _identity(**row) == _identity(**alert.as_row())}


def _identity(*, kind: str, step: str, reason: str, severity: str, **_: object) -> tuple[str, ...]:
    """The identity of a problem: everything in its alerts except numbers in the reason."""
    return kind, step or "", severity, re.sub(r"\d+", "#", reason)
