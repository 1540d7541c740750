"""Whether one model is better than another, or was lucky with the users who were judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ml.metrics import PerUser

DRAWS = 2_000
_AT_A_TIME = 100


@dataclass(frozen=True, slots=True)
class Gain:
    """Mean gain over the users, and the interval it lies in with the given confidence."""

    mean: float
    low: float
    high: float
    users: int
    confidence: float = 0.95


def paired_gain(
    challenger: PerUser, champion: PerUser, *, seed: int, confidence: float = 0.95
) -> Gain:
    """Draw the users again and again, with replacement, and look at the mean gain of each draw.

    Both hold a figure of the same users in the same order. Without users the gain is NaN: nothing
    is above it, so nothing is promoted for it.
    """
    gain = np.asarray(challenger, np.float64) - np.asarray(champion, np.float64)
    if not len(gain) or not np.isfinite(gain).all():
        return Gain(np.nan, np.nan, np.nan, len(gain), confidence)
    rng = np.random.default_rng(seed)
    means = np.concatenate(
        [
            gain[rng.integers(len(gain), size=(_AT_A_TIME, len(gain)))].mean(axis=1)
            for _ in range(DRAWS // _AT_A_TIME)
        ]
    )
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Gain(float(gain.mean()), float(low), float(high), len(gain), confidence)
