"""Rate limits: one token bucket per key, in a file that all workers map.

A bucket is one number, the instant at which it would be full again (the generic cell rate
algorithm). The lock around reading and writing it costs 1 µs, so no worker needs a share of its
own, and the limit is exact across workers.
"""

from __future__ import annotations

import fcntl
import mmap
from time import monotonic_ns
from typing import TYPE_CHECKING

from api.serving.access.api_keys import MOST_KEYS

if TYPE_CHECKING:
    from pathlib import Path

_SECOND = 1_000_000_000


def create(path: Path) -> None:
    """Start with full buckets."""
    path.write_bytes(bytes(8 * MOST_KEYS))


class Limits:
    """Buckets that hold `burst` answers and get `rate` new ones a second."""

    def __init__(self, path: Path, rate: float, burst: int) -> None:
        self._file = path.open("r+b")
        self._full_at = memoryview(mmap.mmap(self._file.fileno(), 8 * MOST_KEYS)).cast("q")
        self._each = max(1, round(_SECOND / rate))
        self._most = self._each * burst

    def take(self, slot: int, answers: int = 1, now: int | None = None) -> float:
        """Take answers out of a bucket; return 0, or the seconds until there are so many.

        Args:
            slot: The place of the client's bucket.
            answers: How many answers are asked for.
            now: Nanoseconds of the monotonic clock; by default now.

        """
        now = monotonic_ns() if now is None else now
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            # values above a full bucket were written with another rate or burst
            full_at = min(max(self._full_at[slot], now), now + self._most)
            full_at += answers * self._each
            if (over := full_at - now - self._most) > 0:
                return over / _SECOND
            self._full_at[slot] = full_at
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        return 0.0
