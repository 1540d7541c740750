"""Whether one model is better than another, or was lucky with its test users."""

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
    """Mean gain, the interval it lies in with the given confidence, and how likely it is one."""

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
    gain = np.asarray(challenger, np.float64) - np.asarray(champion, np.float64)
    of_user = np.arange(len(gain)) if users is None else np.unique(users, return_inverse=True)[1]
    number = int(of_user.max(initial=-1)) + 1
    if not number or not np.isfinite(gain).all():
        return Gain(np.nan, np.nan, np.nan, number, confidence)
    means = _means(np.bincount(of_user, gain), np.bincount(of_user), seed)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Gain(
        mean=float(gain.mean()),
        low=float(low),
        high=float(high),
        users=number,
        confidence=confidence,
        probability=float((means > 0).mean()),
        differing=len(np.unique(of_user[gain != 0])),
    )


def _means(total: PerUser | Ints, count: Ints, seed: int) -> PerUser:
    """Return the mean of each draw of users, by the sum and the number of each user's figures."""
    rng = np.random.default_rng(seed)
    draws = (
        rng.integers(len(total), size=(_AT_A_TIME, len(total))) for _ in range(DRAWS // _AT_A_TIME)
    )
    return np.concatenate([total[draw].sum(axis=1) / count[draw].sum(axis=1) for draw in draws])
