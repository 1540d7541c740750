"""Ranking metrics, per user; averages and tests of them are made elsewhere.

Every function takes `hits`, users x k: whether the track at each rank is one that was played, and
`relevant`, how many tracks that user played in all. Users have at least one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ml.data.interactions import Ints

Hits = npt.NDArray[np.bool_]
PerUser = npt.NDArray[np.float64]


def ndcg(hits: Hits, relevant: Ints) -> PerUser:
    """Gain of each hit, 1 / log2(rank + 1), over that of the best possible ranking."""
    discount = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])
    gained: PerUser = (hits * discount).sum(axis=1) / ideal[np.minimum(relevant, hits.shape[1])]
    return gained


def recall(hits: Hits, relevant: Ints) -> PerUser:
    """Share of the tracks played that are within the ranking."""
    share: PerUser = hits.sum(axis=1) / relevant
    return share


def average_precision(hits: Hits, relevant: Ints) -> PerUser:
    """Mean over the hits, found or missed, of the precision at each; at most k can be found."""
    rank = np.arange(1, hits.shape[1] + 1)
    precision = hits.cumsum(axis=1) / rank
    mean: PerUser = (precision * hits).sum(axis=1) / np.minimum(relevant, hits.shape[1])
    return mean


def coverage(shown: Ints, tracks: int) -> float:
    """Share of the catalogue that anyone is shown; `shown` holds columns, below 0 for none."""
    return len(np.unique(shown[shown >= 0])) / tracks


def novelty(shown: Ints, listeners: Ints, users: int) -> float:
    """Mean bits of surprise: -log2 of the share of users who know the track, smoothed by one.

    Args:
        shown: Tracks that were shown, of all users.
        listeners: How many users know each track, shape (tracks,).
        users: How many users there are.

    """
    known = (listeners[shown[shown >= 0]] + 1) / (users + 1)
    return float(-np.log2(known).mean())


def gini(shown: Ints, tracks: int) -> float:
    """Gini coefficient of how often tracks are shown: 0 when equal, near 1 when few take all."""
    times = np.sort(np.bincount(shown[shown >= 0], minlength=tracks))
    rank = np.arange(1, tracks + 1)
    return float((2 * rank - tracks - 1) @ times / (tracks * times.sum()))
