"""Playlists as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from pydantic import ConfigDict, Field

from api.serving.http.schemas import ARM, SEED, TRACK, Shown, Track

PlaylistId = Annotated[
    str,
    Path(
        max_length=100,
        description="a playlist; with `.jspf` or `.m3u8` after it, in that format",
        examples=["4-discover"],
    ),
]

_BATCH: dict[str, Any] = {"day": "2026-11-22", "model_version": 3, "arm": None}
_PLAYLIST: dict[str, Any] = {
    "playlist_id": "4-discover",
    "kind": "discover",
    "title": "Discover",
    "description": "Tracks you have not heard, by what you listen to.",
    "tracks": 30,
}
_ITEM: dict[str, Any] = {
    "position": 1,
    **TRACK,
    "album": "Harbour",
    "duration": 214_000,
    "genre": "jazz",
    "reason": "model",
    "because": SEED,
}


class PlaylistSummary(Shown):
    """What a playlist is called."""

    playlist_id: str = Field(description="the same every day")
    kind: str = Field(
        description="discover, on_repeat, release_radar, mix, rewind, popular, or a newer one"
    )
    title: str
    description: str
    tracks: int


class _Batch(Shown):
    day: str = Field(description="of the batch that made it (UTC)")
    model_version: int | None = Field(description="null where it holds the popular tracks alone")
    arm: str | None = Field(description=ARM)


class UserPlaylists(_Batch):
    """A user's playlists; the last are for everybody."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"user_id": 4, "known": True, **_BATCH, "playlists": [_PLAYLIST]}
        }
    )

    user_id: int
    known: bool = Field(description="false: the app has no such user, who gets `popular` alone")
    playlists: list[PlaylistSummary]


class PlaylistItem(Track):
    """A track of a playlist; what is not known of it is null."""

    position: int = Field(description="from 1, in the order to play")
    album: str | None
    duration: int | None = Field(description="milliseconds")
    genre: str | None = Field(description="in lower case")
    reason: str = Field(description="how the track was chosen")
    because: Track | None = Field(description="a track the user listened to that speaks for it")


class Playlist(PlaylistSummary, _Batch):
    """A playlist and its tracks."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"user_id": 4, **_PLAYLIST, "tracks": 1, **_BATCH, "items": [_ITEM]}
        }
    )

    user_id: int | None = Field(description="null: for everybody")
    items: list[PlaylistItem]
