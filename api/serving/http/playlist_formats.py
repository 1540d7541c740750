"""Playlists in the formats of other programs: JSPF (XSPF in JSON) and extended M3U.

A track of the app has no audio file that could be named, so a setting says how its URI is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

JSON, JSPF, M3U8 = "application/json", "application/jspf+json", "audio/x-mpegurl"
SUFFIXES = {"": None, "json": JSON, "jspf": JSPF, "m3u8": M3U8}
_CREATOR = "MooVitamix"


def chosen(accept: str) -> str:
    """Return the media type that an `Accept` header prefers; JSON where it prefers none of ours."""
    best, preferred = 0.0, JSON
    for wanted in accept.split(","):
        name, *parameters = (part.strip().lower() for part in wanted.split(";"))
        quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        weight = float(quality) if quality.replace(".", "", 1).isdecimal() else 0.0
        if name in {JSON, JSPF, M3U8, "*/*", "application/*"} and weight > best:
            best, preferred = weight, JSON if "*" in name else name
    return preferred


def jspf(playlist: dict[str, Any], items: Iterable[dict[str, Any]], track_uri: str) -> bytes:
    """Write a playlist as JSPF.

    Args:
        playlist: What the playlist is called.
        items: Its tracks in their order.
        track_uri: How a track's URI is written, with `{track_id}` in it.

    Returns:
        JSON in UTF-8.

    """
    tracks = [
        _known(
            title=item["name"],
            creator=item["artist"],
            album=item["album"],
            duration=item["duration"],
            identifier=[_uri(item, track_uri)],
        )
        for item in items
    ]
    content = {
        "title": playlist["title"],
        "creator": _CREATOR,
        "annotation": playlist["description"],
        "identifier": f"moovitamix:playlist:{playlist['playlist_id']}",
        "date": f"{playlist['day']}T00:00:00Z",
        "track": tracks,
    }
    return orjson.dumps({"playlist": content})


def m3u8(playlist: dict[str, Any], items: Iterable[dict[str, Any]], track_uri: str) -> bytes:
    """Write a playlist as extended M3U in UTF-8; the parameters are those of `jspf`.

    Args:
        playlist: The playlist, as its JSON has it.
        items: Its tracks in order.
        track_uri: The template of a track's address, with `{id}`.

    """
    lines = ["#EXTM3U", f"#PLAYLIST:{_one_line(playlist['title'])}"]
    for item in items:
        seconds = -1 if item["duration"] is None else round(item["duration"] / 1000)
        title = item["name"] or f"Track {item['track_id']}"
        shown = f"{item['artist']} - {title}" if item["artist"] else title
        lines += [f"#EXTINF:{seconds},{_one_line(shown)}", _uri(item, track_uri)]
    return "".join(f"{line}\n" for line in lines).encode()


def _uri(item: dict[str, Any], track_uri: str) -> str:
    return track_uri.replace("{track_id}", str(item["track_id"]))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _known(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {name: value for name, value in fields.items() if value is not None}
