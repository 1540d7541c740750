"""Reasons of recommendations: the track that a user played which speaks most for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Floats, Ints

_CELLS = 10_000_000  # users x tracks at a time: 40 MB
_PAIRS = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class Reasons:
    """Neighbours of tracks, and what each user played."""

    near: csr_matrix
    """Tracks x tracks, columns in order."""
    weights: csr_matrix

    def of(self, users: Ints, tracks: Ints) -> Ints:
        """Return per pair the played track of highest similarity x weight; -1 for none."""
        because: Ints = np.full(len(users), -1)
        # Who played nothing has no reason for anything.
        order = np.flatnonzero(np.diff(self.weights.indptr)[users])
        order = order[np.argsort(users[order], kind="stable")]
        several = max(1, _CELLS // max(self.weights.shape[1], 1))
        some, first = np.unique(users[order], return_index=True)
        ends = np.append(first, len(order))
        for begin in range(0, len(some), several):
            those = some[begin : begin + several]
            played = self.weights[those].toarray()
            for pair in range(ends[begin], ends[begin + len(those)], _PAIRS):
                which = order[pair : min(pair + _PAIRS, ends[begin + len(those)])]
                place = np.searchsorted(those, users[which])
                because[which] = self._of(played, place, tracks[which])
        return because

    def _of(self, played: Floats, user: Ints, tracks: Ints) -> Ints:
        near = self.near[tracks]
        size = np.diff(near.indptr)
        speaks = near.data * played[np.repeat(user, size), near.indices]
        because: Ints = np.full(len(tracks), -1)
        some = np.flatnonzero(size)
        if not len(some):
            return because
        top = np.maximum.reduceat(speaks, near.indptr[some])
        found = np.flatnonzero((speaks == np.repeat(top, size[some])) & (speaks > 0))
        row = np.repeat(some, size[some])[found]
        first = np.flatnonzero(np.diff(row, prepend=-1))
        because[row[first]] = near.indices[found[first]]
        return because
