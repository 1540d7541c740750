"""The budget of a search: computed work, growing samples, affordable settings."""

from __future__ import annotations

import numpy as np
import pytest

from ml.data.interactions import Interactions, interactions
from ml.data.splits import Split, split
from ml.evaluation.evaluation import discovery, evaluate_scorer
from ml.lifecycle.search.budget import Plan, plan
from ml.lifecycle.search.contenders import EASES, FACTORS, LIGHTFMS, SOFTMAXES, WALKS
from ml.lifecycle.search.halving import halve, rank
from ml.lifecycle.search.samples import sample
from ml.models.ials import Ials
from ml.models.neighbourhood.ease import Ease
from tests.support.logs import grouped_log


@pytest.fixture(scope="module")
def parts() -> Split:
    return split(grouped_log(), "random", seed=0)


def _drawn(users: int, tracks: int, pairs: int) -> Interactions:
    rng = np.random.default_rng(0)
    row, column = rng.integers(users, size=pairs), rng.integers(tracks, size=pairs)
    return interactions(np.arange(users), np.arange(tracks), row, column, np.ones(pairs))


def _planned(data: Interactions, budget: float) -> Plan:
    return plan(data, budget, (EASES, WALKS, SOFTMAXES), LIGHTFMS[:1])


def test_more_budget_compares_settings_on_more_users() -> None:
    data = _drawn(8_000, 4_000, 100_000)
    shares = [_planned(data, budget).shares for budget in (10, 60, 200, 1_000)]
    assert [its[-1] for its in shares] == [1.0] * 4, "the best is trained on all users"
    first = [its[0] for its in shares]
    assert first == sorted(first)
    assert first[0] < 0.1
    assert first[-1] == 1
    assert all(its == tuple(sorted(its)) for its in shares)


def test_lightfm_has_as_many_components_and_epochs_as_its_share_affords() -> None:
    data = _drawn(8_000, 4_000, 150_000)
    for budget in (10, 30, 100):
        (one,) = _planned(data, budget).lightfms
        assert one.work(data) <= budget * 0.41
    sizes = [_planned(data, budget).lightfms[0].no_components for budget in (10, 30, 10_000)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] == LIGHTFMS[0].no_components


def test_a_setting_that_takes_too_much_of_the_search_is_left_out() -> None:
    data = _drawn(8_000, 4_000, 400_000)
    few, more = (plan(data, budget, (FACTORS,), LIGHTFMS[:1]).contenders[0] for budget in (10, 999))
    assert more == FACTORS
    assert {one.no_components for one in few if isinstance(one, Ials)} == {128}, "the cheapest stay"


def test_a_small_log_is_searched_whole() -> None:
    small = _planned(_drawn(80, 60, 900), 30)
    assert small.shares == (1.0,)
    assert [one.settings() for one in small.lightfms] == [LIGHTFMS[0].settings()]


def test_a_sample_has_the_plays_of_its_users_and_a_larger_one_has_them_too(parts: Split) -> None:
    few, more, every = (
        sample(parts.train, parts.validation, share, 1_000, seed=3) for share in (0.25, 0.5, 1.0)
    )
    assert set(few.train.users) < set(more.train.users) < set(every.train.users)
    assert few.train.shape == (20, parts.train.shape[1])
    rows = np.searchsorted(parts.train.users, few.train.users)
    np.testing.assert_array_equal(few.train.plays.toarray(), parts.train.plays[rows].toarray())
    assert few.train.last_played is not None
    assert parts.train.last_played is not None
    whole = np.zeros(parts.train.shape, "datetime64[us]")
    whole[parts.train.plays.nonzero()] = parts.train.last_played
    np.testing.assert_array_equal(few.train.last_played, whole[rows][few.train.plays.toarray() > 0])


def test_halving_trains_the_best_of_few_users_on_all(parts: Split) -> None:
    candidates = [Ease(value) for value in (1e6, 5.0, 1e5, 1e4, 1e3, 1e-2)]
    samples = [sample(parts.train, parts.validation, share, 1_000, 0) for share in (0.4, 0.7, 1)]
    ranked = rank(candidates, samples[0], seed=0)
    best, trials = halve(ranked, samples[1:], seed=0)
    assert [trial.users for trial in trials] == [0.4] * 6 + [0.7] * 2 + [1.0]
    assert best.is_fitted
    assert best.played.shape == parts.train.shape
    task = discovery(parts.train, parts.validation)
    assert trials[-1].ndcg_at_10 == evaluate_scorer(best, task).means()["ndcg_at_10"]
    again, same = halve(rank(candidates, samples[0], seed=0), samples[1:], seed=0)
    assert same == trials
    assert again.settings() == best.settings()
