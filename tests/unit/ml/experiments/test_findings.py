"""What an experiment has shown is one line: what is known, of how many, and whether to trust it."""

import numpy as np

from ml.experiments.definition import Arm, Experiment
from ml.experiments.finding import Finding
from ml.experiments.sequential import Moments, difference

EXPERIMENT = Experiment("blend", (Arm("control", 0.5), Arm("new", 0.5, 2)), "blend")


def finding(control: Moments, new: Moments) -> Finding:
    its = {"control": control, "new": new}
    return Finding(EXPERIMENT, 9, its, {"new": difference(control, new, planned=0.01)})


def test_a_proven_difference_names_the_better_arm() -> None:
    found = finding(Moments(3000, 0.08, 0.002), Moments(3010, 0.095, 0.002))
    assert found.winner == EXPERIMENT.arms[1]
    assert found.line() == (
        "blend: new is better, +1.50 points [+1.13, +1.87], 6,010 users"
        " (discover within 7 days, 9 days of lists; control: 8.00%)"
    )


def test_a_worse_arm_and_one_that_is_not_proven_win_nothing() -> None:
    worse = finding(Moments(3000, 0.095, 0.002), Moments(3010, 0.08, 0.002))
    unproven = finding(Moments(3000, 0.08, 0.002), Moments(3010, 0.081, 0.002))
    assert (worse.winner, unproven.winner) == (None, None)
    assert "new is worse, -1.50 points" in worse.line()
    assert "new is not proven better or worse, +0.10 points" in unproven.line()


def test_too_few_users_and_no_list_yet_are_said() -> None:
    few = finding(Moments(9, 0.08, 0.002), Moments(12, 0.081, 0.002))
    assert "new can't be compared, 9 users in an arm are too few (30 are needed)" in few.line()
    none = Finding(EXPERIMENT, 0, {}, {})
    assert none.line() == ("blend: nothing is known yet: no list of each arm is 7 days old")
    assert none.winner is None


def test_numbers_of_users_that_do_not_fit_the_shares_are_said() -> None:
    odd = finding(Moments(3000, 0.08, 0.002), Moments(3400, 0.095, 0.002))
    assert odd.has_odd_shares
    assert odd.line().endswith("don't fit their shares: don't trust this")
    assert not np.isnan(odd.differences["new"].mean)
