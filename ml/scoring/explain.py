"""Reasons of recommendations: the track that a user played which speaks most for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Ints

_PAIRS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Reasons:
    """Neighbours of tracks, and what each user played."""

    near: csr_matrix
    weights: csr_matrix

    def of(self, users: Ints, tracks: Ints) -> Ints:
        """Return per pair the played track of highest similarity x weight; -1 for none."""
        parts = [
            self._of(users[begin : begin + _PAIRS], tracks[begin : begin + _PAIRS])
            for begin in range(0, len(users), _PAIRS)
        ]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def _of(self, users: Ints, tracks: Ints) -> Ints:
        speaks = self.near[tracks].multiply(self.weights[users]).tocsr()
        speaks.sort_indices()
        row = np.repeat(np.arange(len(users)), np.diff(speaks.indptr))
        order = np.lexsort((speaks.indices, -speaks.data, row))
        first = np.flatnonzero(np.diff(row[order], prepend=-1))
        because: Ints = np.full(len(users), -1)
        because[row[order][first]] = speaks.indices[order][first]
        return because
