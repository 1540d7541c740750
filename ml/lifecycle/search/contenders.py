"""The settings that a search compares: the ranges within which the best were found on real logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml.models.hybrid import Hybrid
from ml.models.ials import Ials
from ml.models.neighbourhood.ease import Ease
from ml.models.neighbourhood.near_ease import NearEase
from ml.models.neighbourhood.rp3beta import Rp3Beta
from ml.models.neighbourhood.session_knn import SessionKnn
from ml.models.softmax.softmax import Softmax

if TYPE_CHECKING:
    from ml.data.interactions import Interactions
    from ml.models.model import Model

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
# On drawn logs 256 components beat 128 where taste is local (NDCG@10 .379 instead of .366), and the
# best ridge and weight lay all over this range, by how dense the log is.
FACTORS = (
    Ials(256, unobserved=0.1, regularization=0.01),
    Ials(256, unobserved=0.03, regularization=0.003),
    Ials(128, unobserved=0.1, regularization=0.03),
    Ials(128, unobserved=0.3, regularization=0.03),
    Ials(128, unobserved=0.03, regularization=0.03),
    Ials(128, unobserved=0.03, regularization=0.01),
    Ials(128, unobserved=0.1, regularization=0.03, weighted=True),
)
SOFTMAXES = (Softmax(), Softmax(no_components=48, prior=6.0, epochs=60))
"""Priors learned, which suits tastes that are few-dimensional, and weak ones in many dimensions."""
SESSIONS = (SessionKnn(), SessionKnn(shrink=10.0), SessionKnn(50), SessionKnn(50, shrink=10.0))
CONTENDERS: tuple[tuple[Model, ...], ...] = (WALKS, EASES, NEARS, FACTORS, SOFTMAXES)
"""The settings of each model type that samples of users decide between."""
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


def contenders(data: Interactions) -> tuple[tuple[Model, ...], ...]:
    """Return the settings of each model type that can learn from this: sessions need instants."""
    return CONTENDERS if data.last_played is None else (SESSIONS, *CONTENDERS)
