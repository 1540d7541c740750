"""What `discover` showed on the day before, as the lake has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
from scipy.sparse import csr_matrix

from lake.batches import batch_files
from ml.data.interactions import places_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from lake.batches import BatchFile
    from ml.data.interactions import Ids, Ints

TABLE = "playlist_tracks"
_COLUMNS = ("user_id", "kind", "track_id")
_NOTHING = np.zeros(0, np.int64)
_RUNS = 40
"""So many of the newest batches are looked at: a day may have several, and each costs a read."""


def shown_before(  # noqa: PLR0913, PLR0917 - before which run, and of whom
    lake_url: str,
    day: date,
    run_id: str,
    rolled_back: Sequence[tuple[int, str]],
    users: Ids,
    tracks: Ids,
) -> csr_matrix:
    """Read the tracks of `discover` of the newest day before `day` that has a batch.

    Args:
        lake_url: Where the batches are.
        day: Of the run's clock.
        run_id: The run that asks.
        rolled_back: Models that were rolled back, each with the run that did it.
        users: All users, sorted.
        tracks: All tracks, sorted.

    Returns:
        Users x tracks: stored where the track was shown. What is not known any more is left out.

    """
    file = batch_before(lake_url, day, run_id, rolled_back)
    parts = list(_cells(file, users, tracks)) if file else []
    user, track = (np.concatenate([_NOTHING, *(part[at] for part in parts)]) for at in (0, 1))
    shape = len(users), len(tracks)
    shown = csr_matrix((np.ones(len(user), np.bool_), (user, track)), shape=shape)
    shown.sort_indices()
    return shown


def batch_before(
    lake_url: str, day: date, run_id: str, rolled_back: Sequence[tuple[int, str]]
) -> BatchFile | None:
    """Return the batch that counts of the newest day before `day`, as `playlists` in dbt has it.

    It is the day's newest one whose model was not rolled back before a later day's first batch.
    """
    found = [(file.first("made_at"), file) for file in batch_files(lake_url, TABLE)[:_RUNS]]
    dated = [(made_at.date(), file) for made_at, file in found if made_at]
    for one in sorted({its for its, _ in dated if its < day}, reverse=True):
        until = min([run_id, *(file.run_id for its, file in dated if its > one)])
        for its, file in dated:
            if its == one and not _is_withdrawn(file, rolled_back, until):
                return file
    return None


def _is_withdrawn(file: BatchFile, rolled_back: Sequence[tuple[int, str]], until: str) -> bool:
    """Whether its model was rolled back by the same run or a later one, before `until`."""
    return any(
        version == file.model_version and file.run_id <= run_id < until
        for version, run_id in rolled_back
    )


def _cells(file: BatchFile, users: Ids, tracks: Ids) -> Iterator[tuple[Ints, Ints]]:
    for part in file.rows(_COLUMNS):
        discover = part.filter(pc.equal(part["kind"], "discover"))
        user = places_of(users, discover["user_id"].to_numpy())
        track = places_of(tracks, discover["track_id"].to_numpy())
        known = (user >= 0) & (track >= 0)
        yield user[known], track[known]
