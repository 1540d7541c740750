"""Bootstrap test of whether one model is better than another, over test users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ml.data.interactions import Ints
    from ml.evaluation.metrics import PerUser

DRAWS = 2_000
_AT_A_TIME = 100


@dataclass(frozen=True, slots=True)
class Gain:
    """Mean gain, its confidence interval, and the probability that it is positive."""

    mean: float
    low: float
    high: float
    users: int
    confidence: float = 0.95
    probability: float = 0.0
    """Share of the draws in which the challenger is better."""
    differing: int = 0
    """Users for whom the two differ."""


def paired_gain(
    challenger: PerUser,
    champion: PerUser,
    *,
    seed: int,
    confidence: float = 0.95,
    users: Ints | None = None,
) -> Gain:
    """Draw the users again and again, with replacement, and look at the mean gain of each draw.

    Args:
        challenger: A figure per test user.
        champion: The same figure of the same users in the same order.
        seed: Equal seeds give equal intervals.
        confidence: Of the interval.
        users: Whose each figure is. All figures of a user are drawn together, for they are not
            independent; none: each is of another user.

    Returns:
        The gain; without users, or where a figure is no number, NaN: nothing is promoted for it.

    """
    from scipy.stats import bootstrap

    gain = np.asarray(challenger, np.float64) - np.asarray(champion, np.float64)
    of_user = np.arange(len(gain)) if users is None else np.unique(users, return_inverse=True)[1]
    number = int(of_user.max(initial=-1)) + 1
    if not number or not np.isfinite(gain).all():
        return Gain(np.nan, np.nan, np.nan, number, confidence)
    if number == 1:  # every draw is of the same user
        mean = float(gain.mean())
        likely = float(mean > 0)
        return Gain(mean, mean, mean, 1, confidence, likely, int(gain.any()))
    drawn = bootstrap(
        (np.bincount(of_user, gain), np.bincount(of_user)),
        lambda total, count, axis: total.sum(axis) / count.sum(axis),
        paired=True,
        vectorized=True,
        n_resamples=DRAWS,
        batch=_AT_A_TIME,
        method="percentile",
        confidence_level=confidence,
        rng=np.random.default_rng(seed),
    )
    return Gain(
        mean=float(gain.mean()),
        low=float(drawn.confidence_interval.low),
        high=float(drawn.confidence_interval.high),
        users=number,
        confidence=confidence,
        probability=float((drawn.bootstrap_distribution > 0).mean()),
        differing=len(np.unique(of_user[gain != 0])),
    )
