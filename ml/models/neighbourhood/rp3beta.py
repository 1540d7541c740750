"""RP3beta: a random walk of three steps, from a user's tracks to their listeners to their tracks.

Paudel, Christoffel, Newell, Bernstein, "Updatable, Accurate, Diverse, and Scalable Recommendations
for Interactive Applications" (TiiS 2017). With beta = 0 it is P3alpha (Cooper and others, 2014).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from ml.models.model import learned
from ml.models.neighbourhood.neighbours import nearest
from ml.models.neighbourhood.recency import FromPlays

if TYPE_CHECKING:
    from ml.data.interactions import Floats, Interactions, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Rp3Beta(FromPlays):
    """A track's score: how likely walks from the user's tracks end there, less for popular ones."""

    name: ClassVar[str] = "rp3beta"
    alpha: float = 1.0
    """Exponent of each step's probability: above 1, likely steps count more."""
    beta: float = 0.6
    """Exponent of the listeners that a track's score is divided by; 0: P3alpha."""
    neighbours: int = 200
    weighted: bool = True
    """Whether a step follows the weights of the plays, or 1 for each pair."""
    half_life: float = 0.0
    """The days in which a play loses half of its weight in what is shown; 0: none is lost."""
    near: csr_matrix = learned()
    played: csr_matrix = learned(by_user=True)

    def fit(self, data: Interactions, seed: int) -> Self:  # noqa: ARG002 - nothing is drawn
        """Walk one step to the listeners and one to their tracks, and keep the likeliest ends."""
        played = data.pairs(weighted=self.weighted)
        to_track = _steps(played, self.alpha)
        to_user = _steps(played.T.tocsr(), self.alpha)
        listeners = np.bincount(played.indices, minlength=data.shape[1])
        penalty = (np.maximum(listeners, 1) ** -self.beta).astype(np.float32)

        def similar(its: slice) -> csr_matrix:
            walked = (to_user[its] @ to_track).tocsr()
            walked.data *= penalty[walked.indices]
            return walked

        near = nearest(similar, data.shape[1], self.neighbours)
        return replace(self, near=near).with_plays(data)

    def work(self, data: Interactions) -> float:
        """Return the work of the product, and of keeping the best of each row."""
        steps = np.square(np.diff(data.plays.indptr).astype(np.float64)).sum()
        return float(5e-9 * steps + 1e-4 * data.shape[1])

    def scores(self, users: Ints) -> Floats:
        """Return the walks from each of the user's tracks, summed by its weight."""
        self.require_fitted()
        scores: Floats = (self.played[users] @ self.near).toarray().astype(np.float32)
        return scores


def _steps(matrix: csr_matrix, exponent: float) -> csr_matrix:
    """Return the probability of each step from a row to a column, to a power."""
    sizes = np.diff(matrix.indptr)
    total = np.repeat(np.asarray(matrix.sum(axis=1)).ravel(), sizes)
    data = ((matrix.data / total) ** exponent).astype(np.float32)
    return csr_matrix((data, matrix.indices, matrix.indptr), matrix.shape)
