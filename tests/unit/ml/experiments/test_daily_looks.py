"""Looks at an experiment each day: seldom wrong where there is nothing, and able to find a gain."""

import numpy as np
import pytest

from ml.experiments.sequential import LEAST_USERS, difference, half_width, moments_of
from ml.experiments.simulated_outcomes import SimulatedApp, day_of_proof

ALIKE = SimulatedApp(users=2000, concentration=2000)
DIFFERENT = SimulatedApp(users=2000)


@pytest.mark.parametrize("app", [ALIKE, DIFFERENT], ids=["users alike", "users different"])
def test_of_200_experiments_without_a_difference_at_most_5_percent_claim_one(
    app: SimulatedApp,
) -> None:
    alarms = [day_of_proof(app, 0, seed, planned_gain=0.1) for seed in range(200)]
    assert sum(day is not None for day in alarms) <= 0.05 * 200


def test_an_ordinary_interval_looked_at_daily_claims_far_more() -> None:
    alarms = sum(_ordinary_claims(ALIKE, seed) for seed in range(200))
    assert alarms > 3 * 0.05 * 200


def test_a_gain_of_10_percent_is_found_within_28_days_in_9_of_10() -> None:
    found = [day_of_proof(SimulatedApp(), 0.1, seed, planned_gain=0.1) for seed in range(50)]
    assert sum(day is not None for day in found) >= 0.9 * 50


def test_the_interval_is_narrowest_for_what_was_planned_and_shrinks_with_data() -> None:
    information = 9.2 / 0.01**2
    planned = half_width(information, 0.01, 0.05)
    assert planned == pytest.approx(0.01, rel=0.01)
    assert planned < half_width(information, 0.003, 0.05)
    assert planned < half_width(information, 0.03, 0.05)
    assert half_width(4 * information, 0.01, 0.05) < planned
    assert half_width(information, 0.01, 0.01) > planned
    assert planned > 1.96 / np.sqrt(information), "wider than an interval for one look"


def test_nothing_is_proven_by_a_few_users_or_by_users_who_do_not_differ() -> None:
    random = np.random.default_rng(0)
    many, few = random.random(1000), random.random(LEAST_USERS - 1) + 5
    control, alike = moments_of(many), [moments_of(np.full(1000, one)) for one in (0.0, 1.0)]
    assert not difference(control, moments_of(few), 0.1).is_proven
    assert not difference(alike[0], alike[1], 0.1).is_proven
    assert difference(control, moments_of(random.random(1000) + 5), 0.1).is_proven


def _ordinary_claims(app: SimulatedApp, seed: int) -> bool:
    """Whether an interval of 1.96 standard errors excludes zero on any of the days."""
    shares, is_treated = app.shares(0, seed)
    arms = (shares[:, is_treated], shares[:, ~is_treated])
    error = np.sqrt(sum(arm.var(axis=1, ddof=1) / arm.shape[1] for arm in arms))
    gap = arms[0].mean(axis=1) - arms[1].mean(axis=1)
    return bool((np.abs(gap / error) > 1.96).any())
