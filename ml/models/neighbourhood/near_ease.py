"""EASE among near tracks: its linear weights for catalogues whose matrix can't be inverted whole.

Each track's weights are a ridge regression on its nearest tracks alone, as in SLIM (Ning and
Karypis, ICDM 2011): memory and work grow with the tracks, not with their square and cube. With all
tracks near, the weights are those of EASE.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.linalg import lapack
from scipy.sparse import csc_matrix, csr_matrix

from ml.models.model import learned
from ml.models.neighbourhood.neighbours import neighbours
from ml.models.neighbourhood.recency import FromPlays

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml.data.interactions import Floats, Interactions, Ints

WHOLE = 8_000
"""Up to so many tracks all common listeners are counted at once."""


@dataclass(frozen=True, slots=True, eq=False)
class NearEase(FromPlays):
    """Scores are a user's weights times the weights between near tracks."""

    name: ClassVar[str] = "near-ease"
    regularization: float = 100.0
    neighbours: int = 50
    weighted: bool = False
    """Whether X holds the weights of the plays, or 1 for each pair."""
    half_life: float = 0.0
    """The days in which a play loses half of its weight in what is shown; 0: none is lost."""
    between: csr_matrix = learned()
    """Tracks x tracks: column j holds the weights that predict track j."""
    played: csr_matrix = learned(by_user=True)

    def fit(self, data: Interactions, seed: int) -> Self:  # noqa: ARG002 - nothing is drawn
        """Regress each track on its nearest."""
        played = data.pairs(weighted=self.weighted)
        near = neighbours(played, self.neighbours)
        common = _common(played)
        weights = [
            _regressed(common(np.append(near.indices[begin:end], track)), self.regularization)
            for track, (begin, end) in enumerate(pairwise(near.indptr))
        ]
        data_of_all = np.concatenate(weights) if weights else np.zeros(0, np.float32)
        columns = csc_matrix((data_of_all, near.indices, near.indptr), near.shape)
        return replace(self, between=columns.tocsr()).with_plays(data)

    def work(self, data: Interactions) -> float:
        """Return the work of finding the nearest, and of a small inversion for each track."""
        steps = np.square(np.diff(data.plays.indptr).astype(np.float64)).sum()
        cost = 1e-4 if data.shape[1] <= WHOLE else 8e-4
        return float(1e-8 * steps + data.shape[1] * (cost + 5e-11 * self.neighbours**3))

    def scores(self, users: Ints) -> Floats:
        """Return 0 for tracks that no track of the user's is near to."""
        self.require_fitted()
        scores: Floats = (self.played[users] @ self.between).toarray().astype(np.float32)
        return scores


def _common(played: csr_matrix) -> Callable[[Ints], Floats]:
    """Return what gives the matrix of common listeners of some tracks."""
    if played.shape[1] <= WHOLE:
        whole = (played.T @ played).toarray()
        return lambda tracks: np.asarray(whole[np.ix_(tracks, tracks)], np.float32)
    by_track = played.tocsc()

    def common(tracks: Ints) -> Floats:
        its = by_track[:, tracks]
        return np.asarray((its.T @ its).toarray(), np.float32)

    return common


def _regressed(common: Floats, regularization: float) -> Floats:
    """Return the weights that predict the last track by the others: least squares with a ridge."""
    gram = np.array(common[:-1, :-1], order="F")
    if not len(gram):
        return np.zeros(0, np.float32)
    gram[np.diag_indices_from(gram)] += regularization
    _, weights, failed = lapack.sposv(gram, common[:-1, -1:], lower=1, overwrite_a=1)
    if failed:
        raise np.linalg.LinAlgError(
            f"a regularization of {regularization} leaves the near tracks' matrix singular"
        )
    return np.asarray(weights[:, 0], np.float32)
