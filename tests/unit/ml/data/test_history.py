"""At how many cut-offs a training is evaluated: as many as have test users, within bounds."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from ml.data.history import ENOUGH, WEEKS, History
from ml.settings import MlSettings

SETTINGS = MlSettings(min_listens=1_000)
LAST = datetime(2026, 3, 8)


def history(weekly: list[int], listens: int = 1_000) -> History:
    """So many users each week, each with a week only; so many listens a week."""
    users = {1 << week: number for week, number in enumerate(weekly) if number}
    return History(LAST, timedelta(days=7), dict.fromkeys(range(WEEKS + 1), listens), users)


@pytest.mark.parametrize(
    ("weekly", "weeks", "test_users"),
    [
        ([400] * 16, (0, 1), 800),
        ([100] * 16, (0, 1, 2), 300),
        ([10] * 16, (0, 1, 2, 3), 40),
        ([10, 0, 0, 10] + [10] * 12, (0, 3, 4, 5), 40),
        ([10] + [0] * 15, (0,), 10),
    ],
)
def test_weeks_with_test_users_are_taken_until_there_are_enough(
    weekly: list[int], weeks: tuple[int, ...], test_users: int
) -> None:
    plan = history(weekly).plan(SETTINGS)
    assert (plan.weeks, plan.test_users) == (weeks, test_users)
    assert history(weekly).plan(SETTINGS, max_cut_offs=1).weeks == (0,)


def test_a_user_of_several_weeks_is_one_test_user() -> None:
    one = History(LAST, timedelta(days=7), {0: 5}, {0b111: 20, 0b001: 3, 0b100: 4})
    assert one.test_users(0, 1) == 23
    assert one.test_users(0, 1, 2) == 27


def test_no_cut_off_is_taken_before_which_there_is_too_little_to_train_on() -> None:
    young = History(LAST, timedelta(days=7), dict.fromkeys(range(4), 600), {0b1111: 50})
    assert young.listens_before(0) == 1_800
    assert young.listens_before(1) == 1_200
    assert young.listens_before(2) == 600
    assert young.plan(SETTINGS).weeks == (0, 1)


def test_settings_are_chosen_on_more_weeks_where_one_has_few_users() -> None:
    assert history([100] * 16).plan(SETTINGS).validation == 1
    sparse = history([10] * 16).plan(SETTINGS)
    assert (sparse.weeks[-1], sparse.validation) == (3, 3)
    assert history([100] + [0] * 15).plan(SETTINGS).validation == 0


@given(
    st.lists(st.integers(0, 200), min_size=WEEKS, max_size=WEEKS),
    st.lists(st.integers(0, 2_000), min_size=WEEKS + 1, max_size=WEEKS + 1),
)
@examples(max_examples=200, deadline=None)
def test_settings_are_always_chosen_before_every_week_that_tests(
    weekly: list[int], listens: list[int]
) -> None:
    given = history(weekly)
    drawn = History(given.last, given.length, dict(enumerate(listens)), given.users)
    plan = drawn.plan(SETTINGS)
    assert plan.weeks[0] == 0
    assert list(plan.weeks) == sorted(set(plan.weeks))
    assert all(drawn.test_users(week) for week in plan.weeks[1:])
    assert all(drawn.listens_before(week) >= 1_000 for week in plan.weeks[1:])
    assert len(plan.weeks) <= 2 or drawn.test_users(*plan.weeks[:-1]) < ENOUGH
    if plan.validation:
        first = plan.weeks[-1] + 1
        assert drawn.test_users(*range(first, first + plan.validation))
        assert drawn.listens_before(first + plan.validation - 1)
