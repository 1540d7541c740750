"""Each user's plays in earlier blocks, from which repeats are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

    from api.source.world.factors import Ints
    from api.source.world.taste import Taste


@dataclass(frozen=True, slots=True)
class Plays:
    """Track rows played, user by user, each in order: `track[start[u]:start[u + 1]]`."""

    track: npt.NDArray[np.int32]
    start: Ints
    busy_until: Ints
    """Instant at which each user's last track ends."""

    @classmethod
    def read(cls, blocks: list[Path], taste: Taste) -> Plays:
        """Gather the sessions of all earlier blocks."""
        users = len(taste.affinity)
        counts = [_plays_per_user(path, users) for path in blocks]
        start = np.concatenate([[0], np.cumsum(sum(counts, np.zeros(users, np.int64)))])
        track = np.empty(start[-1], np.int32)
        filled = start[:-1].copy()
        for path, count in zip(blocks, counts, strict=True):
            played = pq.read_table(path, columns=["items"])["items"].combine_chunks().flatten()
            shift = np.repeat(filled - (np.cumsum(count) - count), count)
            track[np.arange(len(played)) + shift] = played.to_numpy() - 1
            filled += count
        return cls(track, start, _busy_until(blocks[-1:], taste))


def _plays_per_user(path: Path, users: int) -> Ints:
    sessions = pq.read_table(path, columns=["user_id", "items"])
    lengths = sessions["items"].combine_chunks().value_lengths().to_numpy()
    user = sessions["user_id"].to_numpy() - 1
    return np.bincount(user, lengths, users).astype(np.int64)


def _busy_until(last_block: list[Path], taste: Taste) -> Ints:
    busy_until = np.zeros(len(taste.affinity), np.int64)
    for path in last_block:
        sessions = pq.read_table(path, columns=["user_id", "items", "updated_at"])
        items = sessions["items"].combine_chunks()
        last_track = items.flatten().to_numpy()[
            items.offsets.to_numpy()[1:] - items.offsets[0].as_py() - 1
        ]
        ends = sessions["updated_at"].cast(pa.int64()).to_numpy()
        ends = ends + taste.seconds[last_track - 1] * 1_000_000
        # in the order of time: the last assignment to a user is their last session
        busy_until[sessions["user_id"].to_numpy() - 1] = ends
    return busy_until
