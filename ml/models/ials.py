"""iALS: factors by least squares, every pair that was not played counting a little as a dislike.

Rendle, Krichene, Zhang, Koren, "Revisiting the Performance of iALS on Item Recommendation
Benchmarks" (RecSys 2022): what makes it strong is a ridge that grows with a row's pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.models.model import Model, learned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scipy.sparse import csr_matrix

    from ml.data.interactions import Floats, Interactions, Ints

MORE = 100
"""Pairs that a row's ridge counts besides its own.

By the tracks that were not played, as published, the best ridge differs by 70 times between 1,200
and 48,000 tracks; so it differs by 10 times, and no catalogue leaves all factors at zero.
"""
_FIRST = 0.1  # length of the factors that are drawn
_CELLS = 4_000_000  # numbers at a time: 16 MB


@dataclass(frozen=True, slots=True, eq=False)
class Ials(Model):
    """Scores are products of factors, fitted to 1 where a pair was played and to 0 elsewhere."""

    name: ClassVar[str] = "ials"
    no_components: int = 64
    unobserved: float = 0.1
    """The weight of a pair that was not played; of one that was, it is 1."""
    regularization: float = 0.01
    """The ridge of a row, for each of its pairs and for 100 more."""
    iterations: int = 10
    weighted: bool = False
    """Whether a played pair counts by the weight of its plays, or 1."""
    user_factors: Floats = learned(by_user=True)
    track_factors: Floats = learned()

    def fit(self, data: Interactions, seed: int) -> Self:
        """Alternate between users and tracks."""
        played = data.pairs(weighted=self.weighted)
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
            _cost(np.minimum(pairs, size), pairs, size)
            for pairs in (np.diff(data.plays.indptr), np.bincount(data.plays.indices))
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
        pairs = np.diff(played.indptr)
        rows = np.zeros((played.shape[0], self.no_components), np.float32)
        for its in _batches(pairs, self.no_components):
            size = pairs[its[-1]]
            if size * self.no_components > _CELLS:  # a track that very many played
                own = slice(played.indptr[its[0]], played.indptr[its[0] + 1])
                held = unplayed + self.regularization * (size + MORE)
                rows[its] = _in_pieces(turned, played.indices[own], played.data[own], held)
                continue
            place = np.minimum(played.indptr[its, None] + np.arange(size), len(played.data) - 1)
            weights = played.data[place] * (np.arange(size) < pairs[its, None])
            ridge = (unplayed + self.regularization * (pairs[its, None] + MORE)).astype(np.float32)
            rows[its] = _ridge_regressions(turned[played.indices[place]], weights, ridge)
        return rows, turned


def _batches(pairs: Ints, components: int) -> Iterator[Ints]:
    """Yield rows with at least one pair, those of similar numbers together, the fewest first."""
    order = np.argsort(pairs, kind="stable")
    order = order[np.searchsorted(pairs[order], 1) :]
    while len(order):
        # As many as have at most a quarter more pairs than the first, and fit in memory.
        most = max(pairs[order[0]] * 5 // 4, 8)
        few = np.searchsorted(pairs[order], most, side="right")
        number = int(min(few, max(1, _CELLS // (most * max(most, components)))))
        yield order[:number]
        order = order[number:]


def _ridge_regressions(factors: Floats, weights: Floats, ridge: Floats) -> Floats:
    """Return, for each row, the x that brings its factors times x near 1, by least squares.

    Args:
        factors: Rows x pairs x components.
        weights: Rows x pairs; 0 where a row has fewer.
        ridge: Rows x components: how strongly each is held at 0.

    """
    root = np.sqrt(weights)
    factors = factors * root[:, :, None]
    pairs, components = factors.shape[1:]
    if pairs >= components:
        gram = factors.transpose(0, 2, 1) @ factors
        gram[:, np.arange(components), np.arange(components)] += ridge
        return _solved(gram, (root[:, None, :] @ factors)[:, 0])
    # With few pairs the same x by a matrix of pairs x pairs (Woodbury): a tenth of the work.
    eased = factors / ridge[:, None, :]
    gram = eased @ factors.transpose(0, 2, 1)
    gram[:, np.arange(pairs), np.arange(pairs)] += 1
    return np.asarray((_solved(gram, root)[:, None, :] @ eased)[:, 0], np.float32)


def _in_pieces(turned: Floats, indices: Ints, weights: Floats, ridge: np.ndarray) -> Floats:
    """Return the x of one row, whose factors would not fit in memory at once."""
    gram, target = np.diag(ridge), np.zeros(turned.shape[1])
    step = max(1, _CELLS // turned.shape[1])
    for begin in range(0, len(indices), step):
        its = turned[indices[begin : begin + step]]
        by_weight = its * weights[begin : begin + step, None]
        gram += by_weight.T @ its
        target += by_weight.sum(axis=0)
    return np.asarray(np.linalg.solve(gram, target), np.float32)


def _solved(grams: np.ndarray, targets: Floats) -> Floats:
    return np.asarray(np.linalg.solve(grams, targets[:, :, None])[:, :, 0], np.float32)


def _cost(side: Ints, pairs: Ints, components: int) -> float:
    """Return the seconds of the regressions of some rows: overhead, products, factorisation."""
    side, pairs = side.astype(np.float64), pairs.astype(np.float64)
    steps = pairs * side * components + side**3 / 3
    return float(np.sum(5e-6 * (pairs > 0) + 5e-11 * steps))
