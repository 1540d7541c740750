"""The routes of playlists: a user's, and one playlist in three formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from fastapi import Request, Response

from api.serving.http import playlist_formats, problems, schemas
from api.serving.http.playlist_schemas import Playlist, PlaylistId, UserPlaylists

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.serving.http.responses import Responses

_OTHER_FORMATS: dict[str, Any] = {playlist_formats.JSPF: {}, playlist_formats.M3U8: {}}


def add_playlists(app: FastAPI, responses: Responses, track_uri: str) -> None:
    """Add the routes.

    Args:
        app: What they are added to.
        responses: Where the current snapshot is.
        track_uri: How a track's URI is written, with `{track_id}` in it.

    """

    @app.get(
        "/users/{user_id}/playlists",
        summary="A user's playlists",
        responses={200: {"model": UserPlaylists}, **problems.documented(422, 503)},
        response_class=Response,
    )
    async def playlists(user_id: schemas.UserId) -> Response:
        """What they are called, the user's own first. A stranger gets those for everybody."""
        found, hidden = responses.present().playlists, responses.hidden_by(user_id)
        own = [found.about(one, hidden) for one in found.of_user(user_id)]
        shown = {
            "user_id": user_id,
            "known": found.is_known(user_id),
            **found.made(user_id),
            "playlists": own + [one.about for one in found.of_user(None)],
        }
        return Response(orjson.dumps(shown), media_type=playlist_formats.JSON)

    @app.get(
        "/playlists/{playlist_id}",
        summary="A playlist with its tracks",
        responses={
            200: {"model": Playlist, "content": _OTHER_FORMATS},
            **problems.documented(404, 422, 503),
        },
        response_class=Response,
    )
    async def playlist(playlist_id: PlaylistId, request: Request) -> Response:
        """Its tracks in the order to play: JSON, or JSPF or M3U8 by `Accept` or suffix."""
        name, _, suffix = playlist_id.partition(".")
        all_ = responses.present().playlists
        found = all_.find(name) if suffix in playlist_formats.SUFFIXES else None
        if found is None:
            raise problems.RequestFailed(404, "there is no such playlist today")
        media_type = playlist_formats.SUFFIXES[suffix] or playlist_formats.chosen(
            request.headers.get("accept", "")
        )
        about = {"user_id": found.user_id, **found.about, **all_.made(found.user_id)}
        hidden = frozenset() if found.user_id is None else responses.hidden_by(found.user_id)
        body = _rendered(media_type, about, list(all_.tracks(found, hidden)), track_uri)
        charset = "; charset=utf-8" if media_type == playlist_formats.M3U8 else ""
        headers = {"vary": "Accept", "content-type": media_type + charset}
        return Response(body, headers=headers)


def _rendered(
    media_type: str, about: dict[str, Any], items: list[dict[str, Any]], track_uri: str
) -> bytes:
    if media_type == playlist_formats.JSPF:
        return playlist_formats.jspf(about, items, track_uri)
    if media_type == playlist_formats.M3U8:
        return playlist_formats.m3u8(about, items, track_uri)
    numbered = [{"position": position, **item} for position, item in enumerate(items, 1)]
    return orjson.dumps({**about, "tracks": len(items), "items": numbered})
