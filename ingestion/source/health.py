"""The health check of the app's API."""

import json
from dataclasses import dataclass
from datetime import datetime

from ingestion.errors import ApiDown, ApiRefused, IngestionError
from ingestion.source.http import Api
from ingestion.source.nesting import shape
from lake.clock import naive_utc, utc_now

ENDPOINT = "health"
# The clock is in a flat object; a deeply nested answer could exceed Python's recursion limit.
DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Health:
    """The result of a check: ok, absent (an API without /health), refused or down; its clock."""

    outcome: str
    clock: datetime | None
    error: IngestionError | None
    status: int | None
    response_ms: float
    checked_at: datetime


def check(api: Api) -> Health:
    """Request /health. Many APIs have none: one that answers 404 is not down."""
    clock: datetime | None = None
    error: IngestionError | None = None
    outcome = "ok"
    try:
        clock = _clock(api.get(ENDPOINT, {}))
    except ApiRefused as refused:
        outcome, error = ("absent", None) if refused.status == 404 else ("refused", refused)
    except ApiDown as down:
        outcome, error = "down", down
    except IngestionError as beyond_bounds:
        outcome, error = "refused", beyond_bounds
    last = api.calls[ENDPOINT][-1]
    return Health(outcome, clock, error, last.status, last.response_ms, utc_now())


def _clock(answer: bytes) -> datetime | None:
    if shape(answer).depth > DEEPEST:
        return None
    try:
        return naive_utc(datetime.fromisoformat(json.loads(answer)["clock"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
