"""When to train: on a cadence of the data's clock, and when things have moved."""

from datetime import datetime, timedelta

import pytest

from ml.lifecycle.drift import LEAST_REQUESTS, Measure, of_answers
from ml.lifecycle.due import by_cadence
from ml.lifecycle.profile import stability
from ml.settings import Cadence, MlSettings

SETTINGS = MlSettings()
TRAINED = datetime(2026, 3, 1, 12)


@pytest.mark.parametrize(
    ("cadence", "age", "is_due"),
    [
        ("hourly", timedelta(minutes=40), False),
        ("hourly", timedelta(minutes=60), True),
        ("daily", timedelta(hours=12), False),
        ("daily", timedelta(hours=23, minutes=50), True),
        ("weekly", timedelta(days=6), False),
        ("weekly", timedelta(days=7), True),
        ("weekly", timedelta(days=-30), False),
    ],
)
def test_a_training_is_due_when_the_data_is_a_cadence_newer(
    cadence: Cadence, age: timedelta, is_due: bool
) -> None:
    assert by_cadence(TRAINED, TRAINED + age, cadence).is_due is is_due


def test_the_stability_of_the_same_shares_is_nought_and_grows_as_they_part() -> None:
    before = {"Rock": 0.5, "Jazz": 0.5}
    moved = [stability(before, {"Rock": 0.5 + by, "Jazz": 0.5 - by}) for by in (0, 0.1, 0.3)]
    assert moved[0] == 0
    assert moved[1] == pytest.approx(0.1 * 0.405465, rel=1e-4)  # 0.1 x ln 1.2 - 0.1 x ln 0.8
    assert moved[2] > SETTINGS.drift_psi > moved[1]


def test_a_value_that_is_new_or_gone_counts_and_is_not_infinite() -> None:
    assert 1 < stability({"Rock": 1.0}, {"Rock": 0.8, "Techno": 0.2}) < 5
    assert stability({"Rock": 0.8, "Techno": 0.2}, {"Rock": 1.0}) > 1


def hour(number: int, **counts: int) -> dict[str, object]:
    asked = {"user_requests": 100, "cold_requests": 0, "model_answers": 90} | counts
    return {"hour": TRAINED + timedelta(hours=number), **asked}


def beyond(measures: list[Measure]) -> list[str]:
    return [one.measure for one in measures if one.is_beyond]


def test_many_unknown_users_call_for_a_training() -> None:
    hours = [hour(number, cold_requests=30) for number in range(3)]
    assert beyond(of_answers(hours, TRAINED, SETTINGS)) == ["share of cold requests"]
    assert beyond(of_answers([hour(0, cold_requests=19)] * 3, TRAINED, SETTINGS)) == []


def test_a_fall_of_personal_answers_calls_for_a_training() -> None:
    early = [hour(number) for number in range(3)]
    steady = [hour(number, model_answers=80) for number in range(30, 33)]
    fallen = [hour(number, model_answers=60) for number in range(30, 33)]
    assert beyond(of_answers(early + steady, TRAINED, SETTINGS)) == []
    assert beyond(of_answers(early + fallen, TRAINED, SETTINGS)) == ["fall of personal answers"]


def test_few_requests_and_those_of_before_the_training_say_nothing() -> None:
    few = [hour(0, user_requests=LEAST_REQUESTS - 1, cold_requests=LEAST_REQUESTS - 1)]
    assert of_answers(few, TRAINED, SETTINGS) == []
    former = [hour(-number, cold_requests=90) for number in range(1, 9)]
    assert of_answers(former, TRAINED, SETTINGS) == []
