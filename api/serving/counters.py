"""What the workers count: one row of numbers each, in a file that all processes map.

Each worker writes its own row and nobody else's, so there is nothing to lock; whoever reads adds
the rows up. Numbers only grow while a server runs. Nothing in it says who asked for what.
"""

from __future__ import annotations

import mmap
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROUTES = (
    "/users/{user_id}/recommendations",
    "/tracks/{track_id}/similar",
    "/recommendations:batch",
    "/model",
    "/health",
    "/ready",
    "/metrics",
    "other",
)
STATUSES = (200, 400, 401, 404, 405, 411, 413, 422, 429, 500, 503)
BOUNDS_MS = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 25, 50, 100, 250, 500, 1000)
"""Upper bounds of the histogram; a last bucket holds what took longer."""
STRATEGIES = ("model", "neighbours", "metadata", "popularity", "again")
FACTS = ("users", "cold", "stale", *STRATEGIES)
"""Users asked about, the unknown ones among them, stale answers; users by their strategy."""

_BUCKETS = len(BOUNDS_MS) + 1
_OTHER_STATUS = len(STATUSES)
_STATUS_AT = {status: at for at, status in enumerate(STATUSES)}
_ROUTE_AT = {route: at for at, route in enumerate(ROUTES)}
_OTHER_ROUTE = _ROUTE_AT["other"]
_TIMES_AT = len(ROUTES) * (len(STATUSES) + 1)
_PER_ROUTE = _BUCKETS + 1
_FACTS_AT = _TIMES_AT + len(ROUTES) * _PER_ROUTE
_ROW = _FACTS_AT + len(FACTS)
_BOUNDS_NS = tuple(int(bound * 1e6) for bound in BOUNDS_MS)
_USERS, _COLD, _STALE, _FIRST_STRATEGY = (_FACTS_AT + at for at in range(4))


def create(path: Path, workers: int) -> None:
    """Begin at zero."""
    path.write_bytes(bytes(8 * _ROW * workers))


class Counts:
    """The row of one worker."""

    def __init__(self, path: Path, worker: int) -> None:
        self._row = _mapped(path)[worker * _ROW : (worker + 1) * _ROW]

    def request(self, route: str, status: int, nanoseconds: int) -> None:
        """Count one request of any route."""
        row, at = self._row, _ROUTE_AT.get(route, _OTHER_ROUTE)
        row[at * (_OTHER_STATUS + 1) + _STATUS_AT.get(status, _OTHER_STATUS)] += 1
        times = _TIMES_AT + at * _PER_ROUTE
        row[times + bisect_left(_BOUNDS_NS, nanoseconds)] += 1
        row[times + _BUCKETS] += nanoseconds

    def user(self, strategy: int, *, known: bool, stale: bool) -> None:
        """Count one user's answer, alone or in a batch."""
        row = self._row
        row[_USERS] += 1
        row[_FIRST_STRATEGY + strategy] += 1
        if not known:
            row[_COLD] += 1
        if stale:
            row[_STALE] += 1


@dataclass(frozen=True, slots=True)
class Total:
    """All workers' rows, added up at one moment."""

    numbers: tuple[int, ...]

    @classmethod
    def read(cls, path: Path) -> Total:
        """Add up the rows."""
        rows = _mapped(path)
        return cls(tuple(sum(rows[at::_ROW]) for at in range(_ROW)))

    def since(self, earlier: Total) -> Total:
        """What has been counted after an earlier moment."""
        pairs = zip(self.numbers, earlier.numbers, strict=True)
        return Total(tuple(now - then for now, then in pairs))

    def requests(self, route: str) -> dict[int, int]:
        """Requests of a route by status; 0 is any status that has no place of its own."""
        begin = _ROUTE_AT[route] * (_OTHER_STATUS + 1)
        numbers = self.numbers[begin : begin + _OTHER_STATUS + 1]
        return dict(zip((*STATUSES, 0), numbers, strict=True))

    def times(self, route: str) -> tuple[Sequence[int], int]:
        """The histogram of a route's durations, bucket by bucket, and their sum in nanoseconds."""
        begin = _TIMES_AT + _ROUTE_AT[route] * _PER_ROUTE
        return self.numbers[begin : begin + _BUCKETS], self.numbers[begin + _BUCKETS]

    def fact(self, name: str) -> int:
        """One of `FACTS`."""
        return self.numbers[_FACTS_AT + FACTS.index(name)]


def quantile_ms(buckets: Sequence[int], share: float) -> float | None:
    """Estimate a quantile from the histogram, evenly within its bucket; none: nothing counted."""
    wanted = share * sum(buckets)
    if not wanted:
        return None
    seen = 0
    for bucket, count in enumerate(buckets):
        if seen + count >= wanted:
            if bucket == len(BOUNDS_MS):
                return float(BOUNDS_MS[-1])
            low = BOUNDS_MS[bucket - 1] if bucket else 0.0
            return float(low + (BOUNDS_MS[bucket] - low) * (wanted - seen) / count)
        seen += count
    return float(BOUNDS_MS[-1])


def _mapped(path: Path) -> memoryview[int]:
    with path.open("r+b") as file:
        return memoryview(mmap.mmap(file.fileno(), 0)).cast("q")
