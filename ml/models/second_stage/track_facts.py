"""What is known of a track at a cut-off: listeners, their trend, age, and its metadata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

if TYPE_CHECKING:
    from ml.data.interactions import Floats, Interactions, Ints

WEEK, MONTH = 7.0, 28.0
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True, eq=False)
class Metadata:
    """Tracks x values, 1 where a track has a value, and of each value, which column it is of."""

    values: csr_matrix
    column: Ints

    @classmethod
    def of(cls, data: Interactions) -> Metadata:
        """Return the metadata of the tracks of `data`; of none, no column."""
        if data.track_features is None:
            return cls(csr_matrix((data.shape[1], 0), dtype=np.float32), np.zeros(0, np.int64))
        names = [name.partition("=")[0] for name in data.track_features.names]
        column = np.unique(names, return_inverse=True)[1] if names else np.zeros(0, np.int64)
        return cls(data.track_features.matrix.astype(np.float32).tocsr(), column)

    def columns(self) -> list[csr_matrix]:
        """Return tracks x values of each column."""
        number = int(self.column.max(initial=-1)) + 1
        return [self.values[:, np.flatnonzero(self.column == one)] for one in range(number)]


def facts_of(data: Interactions) -> Floats:
    """Return tracks x facts, as they are at the newest play of `data`.

    The logarithm of the listeners, and of those of the tracks that share its values, for each
    column of metadata; where instants are known, the same of the listeners of the last week and
    month, their ratio, and the days since the first listener, 400 at most.
    """
    listeners = np.bincount(data.plays.indices, minlength=data.shape[1]).astype(np.float32)
    facts = [np.log1p(listeners)]
    for values in Metadata.of(data).columns():
        of_value = values.T @ listeners / np.maximum(values.sum(axis=0).A1, 1)
        facts.append(np.log1p(values @ of_value / np.maximum(values.sum(axis=1).A1, 1)))
    if data.last_played is not None and len(data.last_played):
        days = (data.last_played.max() - data.last_played) / _DAY
        week, month = (
            np.bincount(data.plays.indices, days < span, minlength=data.shape[1])
            for span in (WEEK, MONTH)
        )
        age = np.full(data.shape[1], -1.0)
        np.maximum.at(age, data.plays.indices, days)
        facts += [np.log1p(week), np.log1p(month), (week + 0.5) / (month + 2), np.minimum(age, 400)]
    return np.stack(facts, axis=1).astype(np.float32)
