"""The route for a session of a stranger: what goes with a few tracks, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from api.serving.http import problems
from api.serving.http.schemas import ITEM, MADE, Id, Item, Made

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.serving.http.responses import Responses

LONGEST, MOST_SEEDS = 100, 50
"""Tracks in all pages, and tracks that a session may start from."""


class SessionAsked(BaseModel):
    """What a session starts from, and which page of it is wanted."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"track_ids": [17, 801], "size": 10}}
    )

    track_ids: list[Id] = Field(
        min_length=1, max_length=MOST_SEEDS, description="unknown ones are ignored"
    )
    page: int = Field(default=1, ge=1, le=LONGEST, description="from 1")
    size: int = Field(default=20, ge=1, le=LONGEST, description="tracks in a page")


class Session(Made):
    """A page of the tracks that go with a session's."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "known": 2,
                "page": 1,
                "size": 10,
                "total": 100,
                "items": [ITEM | {"strategy": "neighbours"}],
                **MADE,
            }
        }
    )

    known: int = Field(description="how many of the tracks, each once, the app has")
    page: int
    size: int
    total: int = Field(description=f"tracks in all pages, {LONGEST} at most")
    items: list[Item] = Field(
        description="`neighbours`: by the sum of similarities; then `popularity`, by listeners"
    )


def add_session(app: FastAPI, responses: Responses) -> None:
    """Add the route."""

    @app.post(
        "/recommendations:session",
        summary="What goes with a few tracks",
        responses={
            200: {"model": Session},
            **problems.documented(400, 411, 413, 422, 503),
        },
        response_class=Response,
    )
    async def session(asked: SessionAsked) -> Response:
        """Up to 100 tracks by pages, none of those asked for; all pages are of one list."""
        snapshot = responses.present()
        first = (asked.page - 1) * asked.size
        found = snapshot.session(asked.track_ids, LONGEST, slice(first, first + asked.size))
        body = b'{"known":%d,"page":%d,"size":%d,"total":%d,"items":[%b],%b}' % (
            found.known,
            asked.page,
            asked.size,
            found.total,
            b",".join(found.items),
            snapshot.envelope(),
        )
        return Response(body, media_type="application/json")
