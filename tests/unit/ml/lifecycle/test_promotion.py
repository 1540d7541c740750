"""The rule against a baseline: probably better, by users who are drawn with all they did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from ml.evaluation.bootstrap import paired_gain
from ml.lifecycle.promotion import Decision, RankerMetrics, UserValues, decide, pooled, probably
from ml.settings import MlSettings

SETTINGS = MlSettings()
WEEKS = 4


def figures(name: str, values: Any, users: Any, **given: Any) -> RankerMetrics:
    own = UserValues(np.asarray(values, np.float64), np.asarray(users))
    figures_of_all: dict[str, Any] = {"coverage": 0.5, "means": {"ndcg_at_10": 0.0}} | given
    return RankerMetrics(name, own, **figures_of_all)


def decision(own: Any, rival: Any, users: Any, **given: Any) -> Decision:
    """Decide between two models, where popularity scores nothing."""
    popularity = figures("popularity", np.full(len(rival), -1.0), users)
    of_rival = figures("baseline", rival, users, **given.pop("of_rival", {}))
    rule = probably(SETTINGS.baseline_confidence)
    return decide(figures("blend", own, users, **given), of_rival, popularity, SETTINGS, rule)


def worlds(users: int, gain: float, number: int, seed: int = 0) -> list[Decision]:
    """Decide in many drawn apps: a user's weeks are alike, a third of the users never differ."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        of_user = rng.normal(gain, 0.08, users) * (rng.random(users) > 1 / 3)
        who = np.repeat(np.arange(users), rng.integers(1, WEEKS + 1, users))
        noise = rng.normal(0, 0.06, len(who)) * (of_user[who] != 0)
        found.append(decision(of_user[who] + noise, np.zeros(len(who)), who))
    return found


@pytest.mark.parametrize("users", [40, 200])
def test_of_models_that_are_equally_good_one_in_ten_is_promoted_at_most(users: int) -> None:
    promoted = sum(one.is_promoted for one in worlds(users, 0.0, 200))
    assert 0 < promoted <= 20  # 5 % and a little for the skew of few users


def test_a_small_true_gain_is_found_where_there_are_users_enough() -> None:
    assert sum(one.is_promoted for one in worlds(200, 0.03, 100)) >= 80
    assert sum(one.is_promoted for one in worlds(40, 0.03, 100)) >= 30


@given(
    values=st.lists(st.floats(0, 1), min_size=30, max_size=60),
    seed=st.integers(0, 9),
)
@examples(max_examples=30, deadline=None)
def test_a_model_is_never_promoted_over_itself(values: list[float], seed: int) -> None:
    users = np.random.default_rng(seed).integers(40, size=len(values))
    assert not decision(values, values, users).is_promoted


@given(
    gains=st.lists(st.floats(-1, 1), min_size=2, max_size=40),
    weeks=st.integers(1, 5),
)
@examples(max_examples=50, deadline=None)
def test_weeks_that_repeat_what_a_user_did_are_no_more_evidence(
    gains: list[float], weeks: int
) -> None:
    nothing = np.zeros(len(gains))
    once = paired_gain(np.array(gains), nothing, seed=1)
    users = np.tile(np.arange(len(gains)), weeks)
    often = paired_gain(np.tile(gains, weeks), np.tile(nothing, weeks), seed=1, users=users)
    assert often.users == once.users == len(gains)
    assert often.differing == once.differing
    assert (often.low, often.high) == pytest.approx((once.low, once.high), abs=1e-9)


@given(st.permutations(range(24)))
@examples(max_examples=20, deadline=None)
def test_the_order_of_weeks_and_the_ids_of_users_do_not_count(order: list[int]) -> None:
    gains = np.linspace(-0.3, 0.7, 24)
    users = np.arange(24) // 3
    plain = paired_gain(gains, np.zeros(24), seed=1, users=users)
    mixed = paired_gain(gains[order], np.zeros(24), seed=1, users=users[order] * 7 + 100)
    assert (plain.low, plain.high, plain.users) == pytest.approx(
        (mixed.low, mixed.high, mixed.users)
    )


def test_a_few_users_who_differ_say_nothing() -> None:
    own = np.zeros(100)
    own[:9] = 0.5
    refused = decision(own, np.zeros(100), np.arange(100))
    assert not refused.is_promoted
    assert "the two differ for 9 users, 10 are needed" in refused.sentence
    own[9] = 0.5
    assert decision(own, np.zeros(100), np.arange(100)).is_promoted


def test_test_users_are_counted_once_and_stated_with_the_interval() -> None:
    users = np.tile(np.arange(29), 4)
    few = decision(np.ones(116), np.zeros(116), users)
    assert "29 users are too few for an evaluation (30 are needed)" in few.sentence
    users = np.tile(np.arange(40), 4)
    gains = np.random.default_rng(0).normal(0.1, 0.1, 160)
    enough = decision(gains, np.zeros(160), users, cut_offs=4)
    assert enough.is_promoted
    assert "a gain with a probability of 100%, 40 users at 4 cut-offs" in enough.sentence
    assert enough.evidence["test_users"] == enough.evidence["gain"]["users"] == 40
    assert f"[{enough.evidence['gain']['low']:+.4f}" in enough.sentence


def test_what_is_probably_no_better_than_popularity_is_not_promoted() -> None:
    rng = np.random.default_rng(0)
    users, rival = np.arange(80), rng.random(80) / 10
    own = rival + rng.normal(0.05, 0.02, 80)
    popularity = figures("popularity", own + rng.normal(0, 0.02, 80), users)
    ours, theirs = (figures(name, them, users) for name, them in (("a", own), ("b", rival)))
    refused = decide(ours, theirs, popularity, SETTINGS, probably(0.95))
    assert not refused.is_promoted
    assert "it does not probably beat popularity" in refused.sentence


def test_a_slice_that_is_surely_worse_or_a_narrow_choice_is_refused() -> None:
    users = np.arange(100)
    better, worse = np.full(100, 0.2), np.full(40, 0.0)
    better[:5] = 0.0
    slices = {"new users": UserValues(worse, users[:40])}
    rival = {"new users": UserValues(worse + np.linspace(0.1, 0.2, 40), users[:40])}
    refused = decision(better, np.zeros(100), users, slices=slices, of_rival={"slices": rival})
    assert "worse for new users" in refused.sentence
    narrow = decision(better, np.zeros(100), users, coverage=0.4)
    assert "coverage 0.400 is below 0.450" in narrow.sentence


def test_pooled_figures_weigh_each_user_s_week_alike() -> None:
    one = figures("x", [1.0, 0.0, 0.5], [1, 2, 3], coverage=0.3, means={"ndcg_at_10": 0.5})
    two = figures("x", [0.1], [2], coverage=0.7, means={"ndcg_at_10": 0.1})
    both = pooled([one, two])
    assert both.ndcg_at_10.values.tolist() == [1.0, 0.0, 0.5, 0.1]
    assert both.ndcg_at_10.number_of_users == 3
    assert both.means["ndcg_at_10"] == pytest.approx(both.ndcg_at_10.values.mean())
    assert both.coverage == pytest.approx(0.4)
    assert both.cut_offs == 2
