"""Recency: older plays fade, sessions part at pauses, and validation chooses the half-life."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.models.shaped_logs import moving
from ml.data.interactions import Interactions, interactions
from ml.data.splits import SplitKind, split
from ml.evaluation.evaluation import discovery, evaluate_scorer
from ml.lifecycle.search.half_lives import with_half_life
from ml.lifecycle.search.samples import sample
from ml.models.neighbourhood.ease import Ease
from ml.models.neighbourhood.recency import FromPlays, faded
from ml.models.neighbourhood.rp3beta import Rp3Beta
from ml.models.neighbourhood.session_knn import sessions_of


def _two_users() -> Interactions:
    at = np.array(
        ["2026-01-05T10:00", "2026-01-05T10:20", "2026-01-01T10:00", "2026-03-01T09:00"],
        "datetime64[us]",
    )
    row, column = np.array([0, 0, 0, 1]), np.array([2, 0, 1, 1])
    return interactions(np.arange(3), np.arange(4), row, column, np.ones(4), last_played=at)


def test_a_play_loses_half_of_its_weight_in_a_half_life_before_the_users_newest() -> None:
    data = _two_users()
    weights = faded(data.weights, data, 4.0).toarray()
    day = 24 * 60
    np.testing.assert_allclose(weights[0, 0], 1)
    np.testing.assert_allclose(weights[0, 2], 2 ** (-20 / day / 4), rtol=1e-5)
    np.testing.assert_allclose(weights[0, 1], 2 ** (-(4 * day + 20) / day / 4), rtol=1e-5)
    np.testing.assert_allclose(weights[1, 1], 1, err_msg="each user by the own newest play")


@pytest.mark.parametrize("half_life", [0.0, 4.0])
def test_nothing_fades_without_a_half_life_or_instants(half_life: float) -> None:
    data = _two_users()
    data = replace(data, last_played=None) if half_life else data
    assert faded(data.weights, data, half_life) is data.weights


def test_a_session_ends_after_half_an_hour_without_a_play() -> None:
    sessions = sessions_of(_two_users()).toarray()
    assert sorted(map(tuple, sessions)) == [(0, 1, 0, 0), (0, 1, 0, 0), (1, 0, 1, 0)]


def _found(model: FromPlays, kind: SplitKind) -> tuple[FromPlays, float]:
    """Return the model with its half-life, and its gain on the test over having none."""
    parts = split(moving(np.random.default_rng(0), scale=0.2), kind, 0)
    whole = sample(parts.train, parts.validation, 1, 2_000, 0)
    found, trials = with_half_life(model.fit(parts.train, 0), whole)
    assert len(trials) == 3
    task = discovery(parts.training, parts.test)
    without, own = (
        evaluate_scorer(one.fit(parts.training, 0), task).means()["ndcg_at_10"]
        for one in (model, found)
    )
    return found, own / without


@pytest.mark.parametrize("model", [Ease(50.0), Rp3Beta(0.8, 0.4)], ids=["ease", "rp3beta"])
def test_tastes_that_move_are_followed_and_those_at_random_are_not(model: FromPlays) -> None:
    found, gain = _found(model, "user")
    assert found.half_life in {3.0, 14.0}
    assert gain > 1.2
    found, gain = _found(model, "random")
    assert found.half_life == 0.0
    assert gain == 1.0
