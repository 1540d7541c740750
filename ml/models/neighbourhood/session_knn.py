"""Session-kNN: tracks that are played in one sitting, which says more than that one person did.

After the neighbourhood models of Ludewig and Jannach, "Evaluation of Session-based Recommendation
Algorithms" (UMUAI 2018). Without instants a user's plays are one session.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from ml.models.model import learned
from ml.models.neighbourhood.neighbours import neighbours
from ml.models.neighbourhood.recency import FromPlays

if TYPE_CHECKING:
    from ml.data.interactions import Floats, Interactions, Ints

GAP = np.timedelta64(30, "m")
"""A longer pause begins another session."""


@dataclass(frozen=True, slots=True, eq=False)
class SessionKnn(FromPlays):
    """A track's score: the similarity, by common sessions, to what the user played."""

    name: ClassVar[str] = "session-knn"
    neighbours: int = 200
    shrink: float = 0.0
    weighted: bool = False
    half_life: float = 0.0
    near: csr_matrix = learned()
    played: csr_matrix = learned(by_user=True)

    def fit(self, data: Interactions, seed: int) -> Self:  # noqa: ARG002 - nothing is drawn
        """Find each track's neighbours by common sessions."""
        near = neighbours(sessions_of(data), self.neighbours, self.shrink)
        return replace(self, near=near).with_plays(data)

    def work(self, data: Interactions) -> float:
        """Return the work of the common sessions, and of keeping the best of each row."""
        steps = np.square(np.diff(sessions_of(data).indptr).astype(np.float64)).sum()
        return float(1e-8 * steps + 1e-4 * data.shape[1])

    def scores(self, users: Ints) -> Floats:
        """Return the similarities summed over what each user played."""
        self.require_fitted()
        scores: Floats = (self.played[users] @ self.near).toarray().astype(np.float32)
        return scores


def sessions_of(data: Interactions) -> csr_matrix:
    """Return sessions x tracks: each user's plays, parted where 30 minutes went without one.

    Of a track's plays by one user the last is known, and counts.
    """
    plays = data.plays
    user = np.repeat(np.arange(plays.shape[0]), np.diff(plays.indptr))
    if data.last_played is None:
        return csr_matrix((np.ones(plays.nnz, np.float32), plays.indices, plays.indptr), data.shape)
    order = np.lexsort((data.last_played, user))
    begins = (np.diff(user[order], prepend=-1) > 0) | (
        np.diff(data.last_played[order], prepend=data.last_played[order][:1]) > GAP
    )
    session = np.cumsum(begins) - 1
    cells = np.ones(plays.nnz, np.float32), (session, plays.indices[order])
    return csr_matrix(cells, shape=(int(session.max(initial=-1)) + 1, data.shape[1]))
