"""A view of one table at one instant: its visible rendered rows, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from api.source.rows import Ints, Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

Run = tuple[Rows, int, int]
"""Rows that stand together: from where, first, and after the last."""


@dataclass(frozen=True, slots=True)
class View:
    """Runs of rows one after the other, in the order of (`updated_at`, id)."""

    runs: Sequence[Run]
    begins: Ints
    """Position of each run's first record, and the number of records."""
    opens: Ints
    """`updated_at` of each run's first record."""

    @classmethod
    def of(cls, runs: Sequence[Run]) -> View:
        """Put runs together; they are in order already."""
        held = [run for run in runs if run[2] > run[1]]
        lengths = np.array([stop - start for _, start, stop in held], np.int64)
        opens = np.array([rows.updated_at[start] for rows, start, _ in held], np.int64)
        return cls(held, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), opens)

    def __len__(self) -> int:
        return int(self.begins[-1])

    def position(self, instant: int) -> int:
        """Return the number of records updated before an instant (microseconds since 1970)."""
        run = int(np.searchsorted(self.opens, instant, side="left")) - 1
        if run < 0:
            return 0
        rows, start, stop = self.runs[run]
        within = np.searchsorted(rows.updated_at[start:stop], instant, side="left")
        return int(self.begins[run] + within)

    def read(self, start: int, stop: int) -> bytes:
        """JSON text of the records at these positions, joined by commas."""
        if start >= stop:
            return b""
        first = int(np.searchsorted(self.begins, start, side="right")) - 1
        last = int(np.searchsorted(self.begins, stop, side="left"))
        texts = []
        for run in range(first, last):
            rows, begin, _ = self.runs[run]
            shift = begin - int(self.begins[run])
            low, high = max(start, int(self.begins[run])), min(stop, int(self.begins[run + 1]))
            texts.append(rows.read(low + shift, high + shift))
        return b",".join(texts)


def settled(rows: Rows, clock: int) -> Run:
    """All rows updated by the clock."""
    return rows, 0, int(np.searchsorted(rows.updated_at, clock, side="right"))


def without(rows: Rows, stop: int, gone: Ints) -> list[Run]:
    """Leave rows out (by position, ascending) of the first `stop`.

    Args:
        rows: The rows by position.
        stop: How many of the first rows are looked at.
        gone: The positions to leave out, ascending.

    """
    starts = np.concatenate([[0], gone + 1]).tolist()
    stops = np.concatenate([gone, [stop]]).tolist()
    return [(rows, start, end) for start, end in zip(starts, stops, strict=True)]


def merged(runs: Sequence[Run], moving: Rows) -> list[Run]:
    """Put rows in motion at their places among runs that stand."""
    result: list[Run] = []
    done = 0
    for rows, first, stop in runs:
        start = first
        while done < len(moving.updated_at):
            place = _place(rows, start, stop, int(moving.updated_at[done]), int(moving.ids[done]))
            if place == stop:
                break
            result += [(rows, start, place), (moving, done, done + 1)]
            start, done = place, done + 1
        result.append((rows, start, stop))
    return [*result, (moving, done, len(moving.updated_at))]


def _place(rows: Rows, start: int, stop: int, updated_at: int, identity: int) -> int:
    """Position of the first row that comes after (`updated_at`, id)."""
    equal = rows.updated_at[start:stop]
    low = start + int(np.searchsorted(equal, updated_at, side="left"))
    high = start + int(np.searchsorted(equal, updated_at, side="right"))
    return low + int(np.searchsorted(rows.ids[low:high], identity, side="right"))
