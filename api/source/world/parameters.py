"""The parameters of a generated world, and its calendar of blocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zlib import crc32

import numpy as np

GENRES = (
    "Rock", "Pop", "Hip Hop", "Jazz", "Electronic", "Classical", "Country", "Blues", "R&B",
    "Reggae", "Folk", "Metal", "Punk", "Funk", "Indie", "Alternative", "Techno",
)  # fmt: skip
GENDERS = (
    "Male", "Female", "Non-binary", "Genderqueer", "Genderfluid", "Agender", "Bigender",
    "Gender questioning", "Gender nonconforming",
)  # fmt: skip

BLOCK = timedelta(days=30)
BEFORE_LAUNCH = timedelta(days=60)
"""The founding users sign up, and the founding catalogue is taken in, during these days."""

FOUNDING_SHARE = 0.8
"""Share of the users and tracks that are there at the launch; the others arrive day by day."""

_EPOCH = datetime(1970, 1, 1)


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970: the unit all vectors of instants have."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Parameters:
    """A world: two with equal parameters are equal, byte by byte."""

    seed: int
    users: int
    tracks: int
    days: int
    launched_on: date

    def rng(self, purpose: str, *where: int) -> np.random.Generator:
        """Return an independent generator for each purpose, block and chunk."""
        return np.random.default_rng([self.seed, crc32(purpose.encode()), *where])

    @property
    def launch(self) -> datetime:
        """The instant at which listening begins."""
        return datetime.combine(self.launched_on, time())

    def block_at(self, clock: datetime) -> int:
        """Return the block of an instant; 0 for instants before the launch."""
        return max(0, (clock - self.launch) // BLOCK + 1)

    def span(self, block: int) -> tuple[int, int]:
        """Begin and end of a block, half-open, in microseconds."""
        end = self.launch + block * BLOCK
        return microseconds(end - (BLOCK if block else BEFORE_LAUNCH)), microseconds(end)

    def user_ids(self, block: int) -> tuple[int, int]:
        """First id, and id after the last, of the users who sign up in a block."""
        return self._ids(self.users, block)

    def track_ids(self, block: int) -> tuple[int, int]:
        """First id, and id after the last, of the tracks that are released in a block."""
        return self._ids(self.tracks, block)

    def _ids(self, size: int, block: int) -> tuple[int, int]:
        """After `days` days `size` have arrived; later ones keep arriving as fast."""
        founding = round(FOUNDING_SHARE * size)
        arriving = (size - founding) * BLOCK.days

        def arrived(blocks: int) -> int:
            return founding + blocks * arriving // self.days

        return (arrived(block - 1) if block else 0) + 1, arrived(block) + 1

    def arrivals(
        self, purpose: str, block: int, number: int
    ) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Instants within a block at which `number` users or tracks arrive, in order.

        Args:
            purpose: What arrives: it seeds the generator.
            block: The number of the block of time.
            number: How many.

        """
        begin, end = self.span(block)
        return np.sort(self.rng(purpose, block).integers(begin, end, number))
