"""The tracks of a snapshot: found by id, with the texts that answers show of them."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

import orjson

from api.serving.snapshot import mapped

if TYPE_CHECKING:
    from pathlib import Path


class Tracks:
    """The tracks of one publication, each known by its place among all."""

    def __init__(self, folder: Path) -> None:
        self.ids = mapped.numbers(folder / "tracks.ids", "i")
        self.texts = mapped.Texts(folder, "tracks")
        self._more = mapped.Texts(folder, "more")

    def place_of(self, track_id: int) -> int | None:
        """Return the place of a track; none when there is no such track."""
        at = bisect_left(self.ids, track_id)
        return at if at < len(self.ids) and self.ids[at] == track_id else None

    def whole(self, place: int) -> dict[str, Any]:
        """Return all that is known of a track: id, name, artist, album, duration (ms), genre."""
        found: dict[str, Any] = orjson.loads(b"{%b,%b}" % (self.texts[place], self._more[place]))
        return found

    def has_genre(self, place: int, ending: bytes) -> bool:
        """Whether a track has the genre that `genre_ending` was given."""
        return self._more[place].endswith(ending)

    @staticmethod
    def genre_ending(genre: str) -> bytes:
        """Return how the text of a track of this genre ends, in upper or lower case."""
        return b'"genre":%b' % orjson.dumps(genre.strip().lower())
