"""Simulated outcomes of two arms, to see what a test of them finds and how often it is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ml.experiments.assignment import arms_of
from ml.experiments.sequential import difference, moments_of

if TYPE_CHECKING:
    from ml.data.interactions import Flags
    from ml.evaluation.metrics import PerUser

SHARES = {"control": 0.5, "treatment": 0.5}


@dataclass(frozen=True, slots=True)
class SimulatedApp:
    """Users who are shown some tracks a day, and listen to a share of them that is their own."""

    users: int = 6000
    days: int = 28
    shown: int = 30
    rate: float = 0.08
    concentration: float = 20.0
    """Of the beta distribution of the users' rates; the smaller, the more users differ."""

    def shares(self, gain: float, seed: int) -> tuple[PerUser, Flags]:
        """Return, per day and user, the share listened to so far, and who is treated.

        Args:
            gain: By how much the treatment raises each user's rate, as a share of it.
            seed: Of the draws, and the salt of the assignment.

        """
        random = np.random.default_rng(seed)
        alpha = self.rate * self.concentration
        rates = random.beta(alpha, self.concentration - alpha, self.users)
        arms = arms_of(range(self.users), SHARES, f"simulated {seed}")
        is_treated = np.array([arm == "treatment" for arm in arms])
        rates = np.minimum(1, rates * np.where(is_treated, 1 + gain, 1))
        listened = random.binomial(self.shown, rates, (self.days, self.users))
        shown = self.shown * np.arange(1, self.days + 1)[:, None]
        return listened.cumsum(axis=0) / shown, is_treated


def day_of_proof(app: SimulatedApp, gain: float, seed: int, planned_gain: float) -> int | None:
    """Return the first day, counted from 1, on which a daily look proves a difference.

    Args:
        app: The users, and what they are shown.
        gain: The true gain; 0 for an A/A experiment.
        seed: Of the draws and the assignment.
        planned_gain: What the experiment is meant to find, as a share of the rate.

    Returns:
        The day, or None where no look proves anything.

    """
    shares, is_treated = app.shares(gain, seed)
    planned = app.rate * planned_gain
    for day, of_users in enumerate(shares, 1):
        arms = moments_of(of_users[~is_treated]), moments_of(of_users[is_treated])
        if difference(*arms, planned).is_proven:
            return day
    return None
