"""How long an app may be quiet follows its own pauses."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orchestration.warehouse.rhythm import FLOOR_HOURS, limit_of

MONDAY = date(2026, 3, 2)
PAUSES = st.lists(st.integers(1, 30), max_size=20)


def days(pauses: list[int]) -> list[date]:
    found = [MONDAY]
    for pause in pauses:
        found.append(found[-1] + timedelta(days=pause))
    return found


def test_an_app_that_is_used_each_day_may_be_quiet_for_three() -> None:
    assert limit_of(days([1] * 60)) == 72


def test_an_app_that_is_used_once_a_week_may_be_quiet_for_two_weeks() -> None:
    assert limit_of(days([7] * 8)) == 14 * 24


def test_one_day_tells_no_pause() -> None:
    assert limit_of([MONDAY]) == FLOOR_HOURS


@given(PAUSES)
def test_a_pause_that_came_before_stops_nothing(pauses: list[int]) -> None:
    limit = limit_of(days(pauses))
    assert limit >= FLOOR_HOURS
    assert all(pause * 24 < limit for pause in pauses)
