"""Pages: their query parameters and their envelope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import Query
from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from api.source.http.schemas import INSTANT
from api.source.world.parameters import microseconds

if TYPE_CHECKING:
    from api.source.view import View

LARGEST = 10_000


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo:
        raise PydanticCustomError(
            "instant", "must be ISO 8601 without a zone, such as 2026-01-14T21:57:37.571539"
        )
    return instant


_Instant = Annotated[
    datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "pattern": INSTANT})
]
Page = Annotated[int, Query(ge=1, description="which page, from 1")]
Size = Annotated[int, Query(ge=1, le=LARGEST, description="records per page")]
Since = Annotated[
    _Instant | None,
    Query(description="only records with `updated_at` at or after this instant (UTC, no zone)"),
]
Until = Annotated[
    _Instant | None,
    Query(description="only records with `updated_at` before this instant (UTC, no zone)"),
]


@dataclass(frozen=True, slots=True)
class PageQuery:
    """One request's parameters, checked."""

    page: int
    size: int
    since: datetime | None
    until: datetime | None


def answer(view: View, asked: PageQuery) -> bytes:
    """Write one page of a view as JSON; a page beyond the last is empty."""
    first = view.position(microseconds(asked.since)) if asked.since else 0
    end = view.position(microseconds(asked.until)) if asked.until else len(view)
    total = max(0, end - first)
    start = min(first + (asked.page - 1) * asked.size, end)
    stop = min(start + asked.size, end)
    pages = -(-total // asked.size)
    return b'{"items":[%b],"total":%d,"page":%d,"size":%d,"pages":%d}' % (
        view.read(start, stop),
        total,
        asked.page,
        asked.size,
        pages,
    )
