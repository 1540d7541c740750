"""What of a list of tracks is shown: nothing hidden or excluded, one genre, nothing twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from api.serving.snapshot.track_lookup import Tracks

Row = tuple[int, float, int, int]
"""A listed track: its place, its score, the place of the track that speaks for it or -1, and its
strategy."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request limits a list to."""

    mode: str | None = None
    genre: str | None = None
    excluded: frozenset[int] = frozenset()
    """Ids of tracks."""


def selected(
    tracks: Tracks, rows: Iterable[Row], hidden: Container[int], wanted: Wanted
) -> Iterator[Row]:
    """Yield the rows that are shown, each track once.

    Args:
        tracks: The tracks that rows name by place.
        rows: The list, best first.
        hidden: Ids of tracks that the user hid: they are no reason for another one either.
        wanted: What the list is limited to.

    """
    ids, seen = tracks.ids, set[int]()
    genre = None if wanted.genre is None else tracks.genre_ending(wanted.genre)
    for track, score, because, strategy in rows:
        track_id = ids[track]
        if track in seen or track_id in hidden or track_id in wanted.excluded:
            continue
        if genre and not tracks.has_genre(track, genre):
            continue
        seen.add(track)
        shown = because if because < 0 or ids[because] not in hidden else -1
        yield track, score, shown, strategy
