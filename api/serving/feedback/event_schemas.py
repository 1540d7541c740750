"""What the app may report, and what it gets as a response."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from lake.clock import naive_utc, utc_now
from lake.feedback.inbox_tables import KEY_LENGTH, PLAYLIST_LENGTH, Event

MOST_EVENTS = 1_000
EVENTS_PER_ANSWER = 10
"""Events that a key's rate limit counts as one answer."""
_AHEAD = timedelta(minutes=5)
"""How far the clock of a phone may be ahead of ours."""
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)

_EVENT: dict[str, Any] = {
    "key": "0d9f6c1e-5a0b-4c43-9f0e-2f6d0f7a7c11",
    "user_id": 4,
    "track_id": 801,
    "kind": "hide",
    "at": "2026-11-22T06:04:11Z",
    "playlist_id": None,
    "position": None,
}


def _text(value: object) -> object:
    if not isinstance(value, str) or not _ISO.fullmatch(value):
        raise ValueError("write the instant as in 2026-11-22T06:04:11Z")
    return value


def _happened(at: datetime) -> datetime:
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR or naive_utc(at) > utc_now() + _AHEAD:
        raise ValueError(f"it must be after {_FIRST_YEAR} and not in the future")
    return naive_utc(at)


Number = Annotated[int, Field(strict=True, ge=-(2**31), le=2**31 - 1)]
Instant = Annotated[datetime, BeforeValidator(_text), AfterValidator(_happened)]


class FeedbackEvent(BaseModel):
    """One thing that a user did with a track."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _EVENT})

    key: str = Field(
        pattern=r"^[!-~]+$",
        min_length=1,
        max_length=KEY_LENGTH,
        description="chosen by the app, the same in each retry: an event of a known key is ignored",
    )
    user_id: Number
    track_id: Number
    kind: Literal["play", "skip", "like", "unlike", "hide", "unhide"]
    at: Instant | None = Field(default=None, description="when; without a zone: UTC; default: now")
    playlist_id: str | None = Field(
        default=None, pattern=r"^[!-~]+$", min_length=1, max_length=PLAYLIST_LENGTH
    )
    position: int | None = Field(default=None, strict=True, ge=1, le=10_000)

    def event(self, now: datetime) -> Event:
        """Return the event for the inbox."""
        at = self.at or now
        return Event(
            self.key, self.user_id, self.track_id, self.kind, at, self.playlist_id, self.position
        )


class Feedback(BaseModel):
    """Some events, of any users."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"events": [_EVENT]}})

    events: list[FeedbackEvent] = Field(min_length=1, max_length=MOST_EVENTS)


class Stored(BaseModel):
    """What became of the events; all are durable."""

    model_config = ConfigDict(json_schema_extra={"example": {"accepted": 1, "duplicates": 0}})

    accepted: int
    duplicates: int = Field(description="events whose key was known: the first one stays")
