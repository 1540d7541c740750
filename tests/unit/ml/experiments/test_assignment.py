"""An assignment is stable, balanced, and independent of any other experiment's."""

import numpy as np
import pytest

from ml.experiments.assignment import arms_of

HALVES = {"control": 0.5, "treatment": 0.5}
USERS = range(20_000)
FIRST_EIGHT = [
    "control",
    "treatment",
    "treatment",
    "control",
    "control",
    "control",
    "control",
    "control",
]


def test_a_user_stays_in_an_arm_whichever_others_there_are() -> None:
    arms = arms_of(USERS, HALVES, "a")
    assert arms_of(USERS, HALVES, "a") == arms
    assert arms_of(reversed(USERS), HALVES, "a") == arms[::-1]
    assert arms_of([7], HALVES, "a") == [arms[7]]
    # Written down once: a new version must not move the users of an experiment that runs.
    assert arms[:8] == FIRST_EIGHT


def test_arms_have_their_shares_and_the_rest_are_in_none() -> None:
    arms = arms_of(USERS, {"control": 0.2, "treatment": 0.3}, "a")
    for arm, share in (("control", 0.2), ("treatment", 0.3), (None, 0.5)):
        assert abs(arms.count(arm) / len(USERS) - share) < 0.015
    assert None not in arms_of(USERS, {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, "a")


def test_another_salt_is_another_independent_assignment() -> None:
    first, second = (
        np.array([arm == "control" for arm in arms_of(USERS, HALVES, salt)]) for salt in "ab"
    )
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03


def test_users_stay_where_they_can_when_shares_change() -> None:
    before = arms_of(USERS, {"control": 0.1, "treatment": 0.1}, "a")
    after = arms_of(USERS, {"control": 0.1, "treatment": 0.3}, "a")
    assert all(arm in {None, now} for arm, now in zip(before, after, strict=True))


@pytest.mark.parametrize("shares", [{}, {"a": 0.0}, {"a": 0.7, "b": 0.7}, {"a": -0.1, "b": 0.5}])
def test_shares_that_are_none_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="shares must be"):
        arms_of(USERS, shares, "a")
