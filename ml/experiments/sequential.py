"""The difference of two arms with an interval that may be looked at every day.

An ordinary 95 % interval is right in 95 of 100 cases for one look; who looks each day and stops at
the first that excludes zero is misled far more often. This one is right at all looks together
(Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas: Time-uniform central limit theory and asymptotic
confidence sequences, Annals of Statistics 52, 2024, theorem 2.2; Robbins's normal mixture).

The unit is the user, with all days so far as one value, so days of a user need not be independent.
Such an estimate, looked at as data grow, moves like a Brownian motion whose time is the
information, 1 / its variance (Jennison and Turnbull: Group sequential methods, 1999, chapter 11).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ml.evaluation.metrics import PerUser

LEAST_USERS = 30
"""In each arm, that a mean is close enough to normal."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more an arm's users have on average than the control's, with its interval."""

    mean: float
    low: float
    high: float
    users: int

    @property
    def is_proven(self) -> bool:
        """Whether the interval excludes that there is none."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Moments:
    """What is known of the values of an arm's users."""

    users: int
    mean: float
    variance: float
    """Of the users, with one degree of freedom less; unknown (0) for a single user."""


def moments_of(values: PerUser) -> Moments:
    """Return the moments of the values of some users."""
    number = len(values)
    variance = float(np.var(values, ddof=1)) if number > 1 else 0.0
    return Moments(number, float(np.mean(values)) if number else float("nan"), variance)


def difference(control: Moments, arm: Moments, planned: float, alpha: float = 0.05) -> Difference:
    """Return the difference of the users' means, with an interval that holds at all looks.

    Args:
        control: Of a value for each user of the control: the share of what was shown to the user
            since the start that they listened to.
        arm: The same of the users of the other arm.
        planned: The difference that the experiment is meant to find, set before its start. The
            interval is narrowest where such a one can just be seen; it is valid for any.
        alpha: Probability that the interval is ever wrong.

    Returns:
        The difference. Its interval is infinite where an arm has fewer than `LEAST_USERS` users,
        or where no user differs from another.

    """
    users = control.users + arm.users
    if min(control.users, arm.users) < LEAST_USERS:
        return Difference(float("nan"), -float("inf"), float("inf"), users)
    mean = arm.mean - control.mean
    variance = arm.variance / arm.users + control.variance / control.users
    if variance == 0:
        return Difference(mean, -float("inf"), float("inf"), users)
    half = half_width(1 / variance, planned, alpha)
    return Difference(mean, mean - half, mean + half, users)


def half_width(information: float, planned: float, alpha: float) -> float:
    """Return half the interval's width where so much is known (1 / variance of the difference).

    Args:
        information: 1 / variance of the difference, so far.
        planned: The difference that the experiment is meant to find.
        alpha: Probability that the interval is ever wrong.

    """
    # The paper's choice for a time (here an information) at which the interval is narrowest; the
    # time is where half of it is as wide as the planned difference.
    tuned = -2 * log(alpha) + log(1 - 2 * log(alpha))
    squared = 2 * (tuned + 1) / tuned * log(sqrt(tuned + 1) / alpha)
    mixture = tuned * planned**2 / squared
    known = information * mixture + 1
    return sqrt(2 * known / (information**2 * mixture) * log(sqrt(known) / alpha))
