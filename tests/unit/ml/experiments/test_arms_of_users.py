"""Experiments that run together have different users; each user keeps the arm."""

from datetime import datetime

import numpy as np

from ml.experiments.arms_of_users import users_of_arms
from ml.experiments.definition import Arm, Experiment, StartedExperiment

USERS = np.arange(20_000)
HALVES = (Arm("control", 0.5, 1), Arm("new", 0.5, 2))


def started(name: str, first: float, last: float, salt: str = "") -> StartedExperiment:
    experiment = Experiment(name, HALVES, salt or name, (first, last))
    return StartedExperiment(experiment, datetime(2026, 1, 1), 0.01)


def test_no_user_is_in_two_experiments_and_each_arm_has_its_share() -> None:
    arms = users_of_arms([started("one", 0, 0.3), started("two", 0.3, 1)], USERS)
    assert [one.label for one in arms] == ["one/control", "one/new", "two/control", "two/new"]
    rows = np.concatenate([one.rows for one in arms])
    assert sorted(rows) == USERS.tolist()
    for one, share in zip(arms, (0.15, 0.15, 0.35, 0.35), strict=True):
        assert abs(len(one.rows) / len(USERS) - share) < 0.015


def test_a_user_keeps_the_arm_whichever_other_users_and_experiments_there_are() -> None:
    alone = users_of_arms([started("one", 0, 0.3)], USERS)
    both = users_of_arms([started("two", 0.3, 1), started("one", 0, 0.3)], USERS[:50])
    for before, after in zip(alone, both[2:], strict=True):
        assert before.label == after.label
        assert before.rows[before.rows < 50].tolist() == after.rows.tolist()


def test_the_next_experiment_on_the_same_users_mixes_them_again() -> None:
    first, second = (
        np.isin(USERS, users_of_arms([started(name, 0, 1)], USERS)[0].rows)
        for name in ("one", "two")
    )
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03


def test_without_an_experiment_nobody_is_in_an_arm() -> None:
    assert users_of_arms([], USERS) == []
