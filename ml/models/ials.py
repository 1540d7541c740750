"""iALS: factors by least squares, every pair that was not played counting a little as a dislike.

Rendle, Krichene, Zhang, Koren, "Revisiting the Performance of iALS on Item Recommendation
Benchmarks" (RecSys 2022): what makes it strong is a ridge that grows with a row's pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.models.model import Model, learned

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Floats, Interactions, Ints

_FIRST = 0.1  # length of the factors that are drawn


@dataclass(frozen=True, slots=True, eq=False)
class Ials(Model):
    """Scores are products of factors, fitted to 1 where a pair was played and to 0 elsewhere."""

    name: ClassVar[str] = "ials"
    no_components: int = 64
    unobserved: float = 0.1
    """The weight of a pair that was not played; of one that was, it is 1."""
    regularization: float = 0.01
    """The ridge of a row, for each of its pairs and, by their weight, for those not played."""
    iterations: int = 10
    weighted: bool = False
    """Whether a played pair counts by the weight of its plays, or 1."""
    user_factors: Floats = learned(by_user=True)
    track_factors: Floats = learned()

    def fit(self, data: Interactions, seed: int) -> Self:
        """Alternate between users and tracks."""
        played = (data.weights if self.weighted else data.plays > 0).astype(np.float32).tocsr()
        listeners = played.T.tocsr()
        shape = data.shape[1], self.no_components
        length = _FIRST / np.sqrt(self.no_components)
        tracks = np.random.default_rng(seed).normal(0, length, shape).astype(np.float32)
        with threadpool_limits(1, user_api="blas"):
            for _ in range(self.iterations):
                users, _ = self._fitted(played, tracks)
                tracks, _ = self._fitted(listeners, users)
            users, tracks = self._fitted(played, tracks)
        return replace(self, user_factors=users, track_factors=tracks)

    def work(self, data: Interactions) -> float:
        """Return the work of a small least squares for each user and track, in each iteration."""
        size = self.no_components
        of_each = sum(
            _cost(np.minimum(np.diff(its.indptr), size), np.diff(its.indptr), size)
            for its in (data.plays, data.plays.tocsc())
        )
        return self.iterations * of_each

    def scores(self, users: Ints) -> Floats:
        """Return 0 for users and tracks without a play."""
        self.require_fitted()
        scores: Floats = self.user_factors[users] @ self.track_factors.T
        return scores

    def _fitted(self, played: csr_matrix, columns: Floats) -> tuple[Floats, Floats]:
        """Return the factors of the rows that fit best, and the columns' in the same axes.

        In the axes of the columns' Gram matrix, what a row did not play is a diagonal.
        """
        gram = columns.T.astype(np.float64) @ columns
        unplayed, axes = np.linalg.eigh(gram)
        unplayed = self.unobserved * np.maximum(unplayed, 0)
        turned = (columns @ axes).astype(np.float32)
        rows = np.zeros((played.shape[0], self.no_components), np.float32)
        for row, (begin, end) in enumerate(pairwise(played.indptr)):
            if begin < end:
                pairs = end - begin + self.unobserved * len(columns)
                ridge = (unplayed + self.regularization * pairs).astype(np.float32)
                its = turned[played.indices[begin:end]]
                rows[row] = _ridge_regression(its, played.data[begin:end], ridge)
        return rows, turned


def _ridge_regression(factors: Floats, weights: Floats, ridge: Floats) -> Floats:
    """Return the x that brings each row of `factors` times x near 1, by least squares.

    Args:
        factors: Pairs x components.
        weights: Of each pair.
        ridge: Of each component: how strongly it is held at 0.

    """
    by_weight = factors * weights[:, None]
    pairs, components = factors.shape
    if pairs >= components:
        gram = by_weight.T @ factors
        gram.flat[:: components + 1] += ridge
        return _solved(gram, by_weight.sum(axis=0))
    # With few pairs the same x by a matrix of pairs x pairs (Woodbury): a tenth of the work.
    eased = factors / ridge
    gram = eased @ factors.T
    gram.flat[:: pairs + 1] += 1 / weights
    return _solved(gram, np.ones(pairs, np.float32)) @ eased


def _solved(gram: np.ndarray, target: Floats) -> Floats:
    _, x, failed = lapack.sposv(gram.T, target, lower=1, overwrite_a=1)
    if failed:
        raise np.linalg.LinAlgError("a regularization this low leaves the factors undetermined")
    return np.asarray(x, np.float32)


def _cost(side: Ints, pairs: Ints, components: int) -> float:
    """Return the seconds of the regressions of some rows: overhead, products, factorisation."""
    side, pairs = side.astype(np.float64), pairs.astype(np.float64)
    steps = pairs * side * components + side**3 / 3
    return float(np.sum(1.4e-5 * (pairs > 0) + 2.5e-11 * steps))
