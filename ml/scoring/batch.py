"""A batch of recommendations: its columns, and the ranking of a chunk of users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lake.schemas import ARM, BATCH, ML
from ml.models.baseline import AGAIN, STRATEGIES
from ml.scoring.lists import whole_lists

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from scipy.sparse import csr_matrix

    from ml.data.interactions import Floats, Ids, Ints
    from ml.models.bundle import Aligned
    from ml.scoring.explain import Reasons
    from ml.settings import MlSettings

CELLS = 20_000_000  # scores at a time: 80 MB

RECOMMENDATIONS, SIMILAR = ML["recommendations"], ML["similar_tracks"]


@dataclass(frozen=True, slots=True)
class Batch:
    """A written batch: its model, its run, and its numbers of users and rows."""

    model_version: int
    run_id: str
    data_as_of: datetime
    made_at: datetime
    users: int = 0
    recommendations: int = 0
    similar: int = 0
    arms: int = 0
    """Arms of experiments that have their own lists in it."""
    stopped: tuple[str, ...] = ()
    """Experiments that could not go on, each with the reason."""

    def columns(self, rows: int) -> dict[str, pa.Array]:
        """Return the columns that are the same in every row."""
        values = (self.model_version, self.run_id, self.data_as_of, self.made_at)
        return {
            column.name: pa.repeat(pa.scalar(value, column.type), rows)
            for column, value in zip(BATCH, values, strict=True)
        }


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """All that is needed to rank all tracks for some users, whichever machine does it."""

    settings: MlSettings
    scorer: Aligned
    artists: Ints
    heard: csr_matrix
    """Users x tracks: stored where heard so lately that it is left out."""
    hidden: csr_matrix
    """Users x tracks: stored where the user hid the track."""
    reasons: Reasons
    users: Ids
    tracks: Ids
    batch: Batch
    rows: Ints
    """Which of the users are ranked."""
    arm: str | None = None
    """Of an experiment, the arm that these users are in."""
    arm_version: int | None = None
    """The version that ranks for the arm."""

    def __iter__(self) -> Iterator[Ints]:
        """Yield chunks of users, by their rows, of as many scores as memory is meant for."""
        if not len(self.tracks):
            return
        size = max(1, CELLS // len(self.tracks))
        for begin in range(0, len(self.rows), size):
            yield self.rows[begin : begin + size]

    def columns(self, rows: int) -> dict[str, pa.Array]:
        """Return the columns that are the same in every row: of the arm and of the batch."""
        values = (self.arm, self.arm_version)
        return {
            column.name: pa.repeat(pa.scalar(value, column.type), rows)
            for column, value in zip(ARM, values, strict=True)
        } | self.batch.columns(rows)

    def of(self, rows: Ints, scores: Floats | None = None) -> pa.Table:
        """Return the recommendations of a chunk of users, as `RECOMMENDATIONS` has them.

        `scores`, where they are known, are changed.
        """
        heard, hidden = self.heard[rows], self.hidden[rows]
        if scores is None:
            scores = self.scorer.scores(rows)
        lists = self.scorer, scores, heard, hidden, rows, self.artists, self.settings
        chosen, points = whole_lists(*lists)
        return self._table(rows, chosen, points)

    def _table(self, rows: Ints, chosen: Ints, points: Floats) -> pa.Table:
        is_there = chosen >= 0
        rank = np.cumsum(is_there, axis=1)[is_there]
        row = np.repeat(rows, is_there.sum(axis=1))
        column = chosen[is_there]
        is_again = np.asarray(self.heard[row, column]).ravel()
        by = np.where(is_again, AGAIN, self.scorer.strategies(row, column))
        because = self.reasons.of(row, column)
        reason = self.tracks[np.maximum(because, 0)]
        columns = {
            "user_id": pa.array(self.users[row], pa.int32()),
            "rank": pa.array(rank, pa.int32()),
            "track_id": pa.array(self.tracks[column], pa.int32()),
            "score": pa.array(points[is_there], pa.float64()),
            "strategy": pa.array(np.array(STRATEGIES)[by]),
            "because_track_id": pa.array(reason, pa.int32(), mask=because < 0),
        }
        return pa.table(columns | self.columns(len(row)), schema=RECOMMENDATIONS)
