"""The settings that a search compares: the ranges within which the best were found on real logs."""

from __future__ import annotations

from ml.models.ease import Ease
from ml.models.hybrid import Hybrid
from ml.models.neighbourhood.near_ease import NearEase
from ml.models.neighbourhood.rp3beta import Rp3Beta
from ml.models.softmax.softmax import Softmax

EASES = tuple(
    Ease(regularization, weighted=is_weighted)
    for regularization in (20.0, 100.0, 300.0, 1_000.0)
    for is_weighted in (True, False)
)
NEARS = (NearEase(30.0, 30), NearEase(30.0, 100), NearEase(100.0, 50), NearEase(300.0, 100))
WALKS = (
    *(Rp3Beta(alpha, beta, weighted=False) for alpha in (0.5, 0.8) for beta in (0.2, 0.4, 0.6)),
    Rp3Beta(0.6, 0.4),
    Rp3Beta(1.0, 0.4),
)
SOFTMAXES = (Softmax(), Softmax(no_components=48, prior=6.0, epochs=60))
"""Priors learned, which suits tastes that are few-dimensional, and weak ones in many dimensions."""
LIGHTFMS = tuple(
    Hybrid(no_components=size, learning_rate=rate, max_sampled=sampled, averaged=averaged)
    for size, rate, sampled, averaged in (
        (96, 0.05, 50, False), (96, 0.05, 50, True), (64, 0.02, 100, False), (128, 0.05, 30, True),
        (128, 0.03, 100, False), (64, 0.05, 30, True), (64, 0.05, 100, False), (64, 0.02, 50, True),
    )
)  # fmt: skip
"""In the order tried.

Two at least, sums and means: on a sparse log means reached NDCG@10 .409 and sums .334
(docs/recommender.md), and validation decides.
"""
