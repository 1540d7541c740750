"""Selections: a few tracks for each of many playlists, at most so many of an artist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ml.evaluation.ranking import best

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml.data.interactions import Floats, Ints

# So many candidates for each place: enough that tracks of one artist can be passed over. Rows for
# which they are not are ranked whole, so many cells at a time.
CANDIDATES = 4
_CELLS = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Playlists, one per row."""

    kind: Ints
    """By its place in `KINDS`."""
    number: Ints
    """Counted from 1 within a user and kind."""
    user: Ints
    """The row of the user; -1: everybody."""
    tracks: Ints
    """Playlists x positions: the column of each track, -1 behind the last one."""
    reason: Ints
    """Of each of them, by its place in `REASONS`."""

    def __len__(self) -> int:
        return len(self.kind)

    def of(self, which: Ints) -> Selection:
        """Return some of the playlists, by position."""
        return Selection(*(getattr(self, name)[which] for name in self.__slots__))


def selection(
    kind: int, user: Ints, tracks: Ints, reason: Ints | int, number: Ints | int = 1
) -> Selection:
    """Return the playlists of one kind that hold a track.

    Args:
        kind: The place of the kind in `KINDS`.
        user: Of each playlist, the row of its user.
        tracks: Playlists x positions.
        reason: Of each track, or of all.
        number: Of each playlist, or of all.

    Returns:
        Those with a track.

    """
    there = np.flatnonzero((tracks >= 0).any(axis=1))
    return Selection(
        np.full(len(tracks), kind),
        np.broadcast_to(np.asarray(number), len(tracks)),
        user,
        tracks,
        np.broadcast_to(np.asarray(reason), tracks.shape),
    ).of(there)


def joined(parts: Sequence[Selection]) -> Selection:
    """Put selections of equal width below one another, by user, kind and number."""
    fields = (np.concatenate([getattr(part, name) for part in parts]) for name in part_names())
    whole = Selection(*fields)
    return whole.of(np.lexsort((whole.number, whole.kind, whole.user)))


def part_names() -> tuple[str, ...]:
    """Return the names of what a selection is made of, in their order."""
    return tuple(Selection.__slots__)


def top_cells(  # noqa: PLR0913, PLR0917 - cells by their three parts, and how many of them
    row: Ints,
    column: Ints,
    score: Floats | Ints,
    rows: int,
    k: int,
    artists: Ints | None = None,
    per_artist: int = 0,
) -> Ints:
    """Return rows x k: the columns of each row's cells of highest score, -1 behind the last.

    Args:
        row: Of each cell.
        column: Of each cell; among equal scores the lower one comes first.
        score: Of each cell.
        rows: How many rows there are.
        k: How many columns of each row.
        artists: Of each column, the number of its artist; none: no limit.
        per_artist: Columns of one artist at most.

    Returns:
        The columns, the best first.

    """
    order = np.lexsort((column, -score, row))
    row, column = row[order], column[order]
    if artists is not None:
        kept = _number_within(row, artists[column]) < per_artist
        row, column = row[kept], column[kept]
    return _first(row, column, rows, k)


def varied(scores: Floats, artists: Ints, k: int, per_artist: int) -> Ints:
    """Return each row's k columns of highest score with at most `per_artist` of one artist.

    A score of minus infinity is never chosen. A row is shorter only where all its columns would
    not make it longer.

    Args:
        scores: Scores, shape (rows, tracks).
        artists: The artist of each track, shape (tracks,); -1 where unknown.
        k: How many tracks at most.
        per_artist: The most tracks of an artist.

    """
    columns = scores.shape[1]
    chosen = _among_best(scores, min(columns, k * CANDIDATES), artists, k, per_artist)
    short = np.flatnonzero((chosen < 0).any(axis=1)) if columns > k * CANDIDATES else ()
    step = max(1, _CELLS // max(columns, 1))
    for begin in range(0, len(short), step):
        some = short[begin : begin + step]
        chosen[some] = _among_best(scores[some], columns, artists, k, per_artist)
    return chosen


def capped(sequence: Ints, artists: Ints, k: int, per_artist: int) -> Ints:
    """Return the first k columns of each row, less those of an artist that is there often enough.

    Args:
        sequence: Rows x candidates, the best first; those below 0 are none.
        artists: Of each column, the number of its artist.
        k: Places of a row.
        per_artist: Columns of one artist at most.

    Returns:
        Rows x k, -1 behind the last.

    """
    row, place = np.nonzero(sequence >= 0)
    column = sequence[row, place]
    kept = _number_within(row, artists[column]) < per_artist
    return _first(row[kept], column[kept], len(sequence), k)


def _among_best(scores: Floats, number: int, artists: Ints, k: int, per_artist: int) -> Ints:
    if not number:
        return np.full((len(scores), k), -1, np.int64)
    return capped(best(scores, number), artists, k, per_artist)


def _first(row: Ints, column: Ints, rows: int, k: int) -> Ints:
    """Return rows x k: the first columns of each row, whose cells are in order."""
    place = np.arange(len(row)) - np.searchsorted(row, np.arange(rows))[row]
    chosen: Ints = np.full((rows, k), -1, np.int64)
    fits = place < k
    chosen[row[fits], place[fits]] = column[fits]
    return chosen


def _number_within(row: Ints, value: Ints) -> Ints:
    """Return, for each cell of ordered rows, how many of its row before it have its value."""
    order = np.lexsort((value, row))  # stable
    begins = np.ones(len(row), np.bool_)
    begins[1:] = (np.diff(row[order]) != 0) | (np.diff(value[order]) != 0)
    at = np.arange(len(row))
    number = np.empty(len(row), np.int64)
    number[order] = at - np.maximum.accumulate(np.where(begins, at, 0))
    return number
