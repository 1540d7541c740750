"""Whether the app's API is well, and what every request to it was like, for `ops/`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingestion.errors import ApiDown, ApiRefused, IngestionError
from ingestion.settings import IngestionSettings
from ingestion.source.http import Api, Traffic
from ingestion.source.nesting import shape
from ingestion.source.tables import TABLES
from lake import log
from lake.clock import naive_utc, utc_now

# A clock stands in an object; deeper, Python's parser may end in its own depth.
DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Health:
    """One look: ok, absent (an API without /health), refused or down; its clock, if it has one."""

    outcome: str
    clock: datetime | None
    error: IngestionError | None
    status: int | None
    response_ms: float
    checked_at: datetime


def look(api: Api, traffic: Traffic) -> Health:
    """Ask the API how it is. Many an API has no /health: whoever answers 404 is not down."""
    clock: datetime | None = None
    error: IngestionError | None = None
    outcome = "ok"
    try:
        clock = _clock(api.get("health", {}, traffic))
    except ApiRefused as refused:
        outcome, error = ("absent", None) if refused.status == 404 else ("refused", refused)
    except ApiDown as down:
        outcome, error = "down", down
    except IngestionError as beyond_bounds:
        outcome, error = "refused", beyond_bounds
    last = traffic.calls[-1]
    return Health(outcome, clock, error, last.status, last.response_ms, utc_now())


def _clock(answer: bytes) -> datetime | None:
    if shape(answer).depth > DEEPEST:
        return None
    try:
        return naive_utc(datetime.fromisoformat(json.loads(answer)["clock"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def record(settings: IngestionSettings, run_id: str, health: Health, day: datetime) -> None:
    """Write what one look found."""
    row: dict[str, Any] = {
        "run_id": run_id,
        "api_url": settings.api_url,
        "outcome": health.outcome,
        "error": health.error and str(health.error),
        "status": health.status,
        "response_ms": health.response_ms,
        "api_clock": health.clock,
        "checked_at": health.checked_at,
    }
    log.append(settings.lake_url, "api_health", [row], day.date())


def record_calls(
    settings: IngestionSettings, run_id: str, traffic: Mapping[str, Traffic], day: datetime
) -> None:
    """Write every request once: a percentile of a day can't be had from those of its pulls."""
    rows = [
        {
            "run_id": run_id,
            "endpoint": endpoint,
            "outcome": call.outcome,
            "error": call.error,
            "status": call.status,
            "bytes": call.bytes,
            "response_ms": call.response_ms,
            "called_at": call.called_at,
        }
        for endpoint, one in traffic.items()
        for call in one.taken()
    ]
    if rows:
        log.append(settings.lake_url, "api_calls", rows, day.date())


def check(settings: IngestionSettings, run_id: str) -> dict[str, IngestionError | None]:
    """Ask /health and one record of each table; what is wrong with each. Recorded in any case."""
    traffic = {name: Traffic() for name in ("health", *(table.name for table in TABLES))}
    with Api(settings) as api:
        health = look(api, traffic["health"])
        found: dict[str, IngestionError | None] = {"health": health.error}
        for table in TABLES:
            try:
                api.get(table.name, {"page": "1", "size": "1"}, traffic[table.name])
                found[table.name] = None
            except IngestionError as error:
                found[table.name] = error
    now = utc_now()
    record(settings, run_id, health, now)
    record_calls(settings, run_id, traffic, now)
    return found
