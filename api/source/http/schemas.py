"""Response schemas of the OpenAPI document: records and the page envelope.

For the document only: answers are bytes rendered before, and no record passes through here.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

# OpenAPI's own `date-time` would want a zone, and these have none.
INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?$"
Instant = Annotated[str, Field(pattern=INSTANT)]

Record = TypeVar("Record")

_TRACK: dict[str, Any] = {
    "id": 17,
    "name": "Evening in Lake Debra",
    "artist": "The Teal Rivers",
    "songwriters": "Tammie Harris, John Chambers",
    "duration": "03:41",
    "genres": "Indie",
    "album": "Message",
    "created_at": "2026-05-02T02:49:56.822117",
    "updated_at": "2026-05-02T02:49:56.822117",
}
_USER: dict[str, Any] = {
    "id": 4,
    "first_name": "Shelby",
    "last_name": "Hoffman",
    "email": "shelby.hoffman.4@example.org",
    "gender": "Female",
    "favorite_genres": "Folk",
    "created_at": "2026-05-02T05:36:56.848232",
    "updated_at": "2026-11-20T02:14:31.164874",
}
_SESSION: dict[str, Any] = {
    "user_id": 4,
    "items": [17, 801, 17],
    "created_at": "2026-11-21T20:02:11.000417",
    "updated_at": "2026-11-21T20:09:48.000417",
}


class Track(BaseModel):
    """A track of the catalogue."""

    model_config = ConfigDict(json_schema_extra={"example": _TRACK})

    id: int
    name: str
    artist: str
    songwriters: str
    duration: str = Field(description="MM:SS")
    genres: str
    album: str
    created_at: Instant = Field(description="UTC, without a zone")
    updated_at: Instant = Field(description="UTC, without a zone")


class User(BaseModel):
    """A user's profile."""

    model_config = ConfigDict(json_schema_extra={"example": _USER})

    id: int
    first_name: str
    last_name: str
    email: str
    gender: str
    favorite_genres: str
    created_at: Instant = Field(description="UTC, without a zone")
    updated_at: Instant = Field(description="UTC, without a zone")


class Session(BaseModel):
    """A listening session: known by its user and its begin."""

    model_config = ConfigDict(json_schema_extra={"example": _SESSION})

    user_id: int | None
    items: list[int] | None = Field(description="ids of the tracks played so far, in their order")
    created_at: Instant = Field(description="begin of the session: UTC, without a zone")
    updated_at: Instant = Field(description="begin of the last track shown: UTC, without a zone")


class PageOf(BaseModel, Generic[Record]):
    """One page of records."""

    items: list[Record]
    total: int = Field(description="how many records the asked window holds")
    page: int
    size: int
    pages: int


class Health(BaseModel):
    """That the API answers, and for which instant."""

    status: str = Field(examples=["ok"])
    clock: str = Field(examples=["2026-11-22T21:00:00"])
    world: str = Field(description="generated, or the directory that is served")
    tracks: int
    users: int
    listen_history: int
