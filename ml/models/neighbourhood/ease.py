"""EASE: the linear model of tracks by tracks whose best weights are known in closed form.

Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (WWW 2019).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.models.model import learned, setting
from ml.models.neighbourhood.recency import FromPlays

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Floats, Interactions, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Ease(FromPlays):
    """Scores are a user's weights times B = I - P / diag(P), P = (X'X + regularization I)^-1."""

    name: ClassVar[str] = "ease"
    regularization: float = setting(200.0, stored="ridge")
    max_items: int = setting(8_000, stored="most")
    """Only so many tracks, the most played: cost grows with the cube, memory with the square."""
    weighted: bool = setting(True, stored="graded")
    """Whether X holds the weights of the plays, or 1 for each pair."""
    half_life: float = 0.0
    """The days in which a play loses half of its weight in what is shown; 0: none is lost."""
    columns: Ints = learned()
    between: Floats = learned()
    played: csr_matrix = learned(by_user=True)

    def fit(self, data: Interactions, seed: int) -> Self:  # noqa: ARG002 - nothing is drawn
        """Invert the matrix of common listeners."""
        listeners = np.bincount(data.plays.indices, minlength=data.shape[1])
        columns = np.sort(np.argsort(-listeners, kind="stable")[: self.max_items])
        columns = columns[listeners[columns] > 0]
        common = data.pairs(weighted=self.weighted)[:, columns]
        common = common[np.diff(common.indptr) > 0]
        of = _by_users if common.shape[0] < common.shape[1] else _by_tracks
        between = of(common, self.regularization)
        return replace(self, columns=columns, between=between).with_plays(data)

    def work(self, data: Interactions) -> float:
        """Return the work of the inversion and the products: the smaller side, cubed."""
        users, tracks = data.shape[0], min(data.shape[1], self.max_items)
        if users < tracks:
            return 3e-11 * users**3 + 4e-10 * int(data.plays.nnz) * (users + tracks)
        return 3e-11 * tracks**3 + 4e-9 * tracks**2

    def scores(self, users: Ints) -> Floats:
        """Return 0 for tracks outside the most played."""
        self.require_fitted()
        its = self.played[users][:, self.columns] @ self.between
        if len(self.columns) == self.played.shape[1]:
            return np.asarray(its, np.float32)
        scores = np.zeros((len(users), self.played.shape[1]), np.float32)
        scores[:, self.columns] = its
        return scores


def _by_tracks(played: csr_matrix, regularization: float) -> Floats:
    """Invert the matrix of tracks."""
    gram = (played.T @ played).toarray()
    inverse = _inverse(gram, regularization)
    between = np.asarray(-inverse / np.diag(inverse), np.float32)
    between[np.diag_indices_from(between)] = 0
    return np.ascontiguousarray(between, np.float32)


def _by_users(played: csr_matrix, regularization: float) -> Floats:
    """Invert the matrix of users, of whom there are fewer, for the same weights (Woodbury).

    With K = (XX' + regularization I)^-1 and Q = X'KX, P is (I - Q) / regularization.
    """
    inverse = _inverse((played @ played.T).toarray(), regularization)
    tracks = played.T.tocsr()
    between = np.asarray(tracks @ np.ascontiguousarray((tracks @ inverse).T), np.float32)
    between /= 1 - np.diag(between)
    between[np.diag_indices_from(between)] = 0
    return between


def _inverse(gram: Floats, regularization: float) -> Floats:
    """Invert by Cholesky, on one thread: the same bits every time."""
    gram[np.diag_indices_from(gram)] += regularization
    with threadpool_limits(1, user_api="blas"):
        factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
        if not failed:
            inverse, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise np.linalg.LinAlgError(
            f"a regularization of {regularization} leaves the tracks' matrix singular"
        )
    whole: Floats = np.tril(inverse) + np.tril(inverse, -1).T
    return whole
