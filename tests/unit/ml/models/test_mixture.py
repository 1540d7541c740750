"""The weights of a blend: what is gained by mixing, and what luck alone can't do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench.models.logs import log
from ml.data.splits import split
from ml.evaluation.evaluation import discovery, evaluate_scorer
from ml.models.blend import Blend
from ml.models.mixture import candidates_of, choose_weights
from ml.models.neighbourhood.ease import Ease
from ml.models.neighbourhood.near_ease import NearEase
from ml.models.neighbourhood.rp3beta import Rp3Beta
from ml.models.popularity import Popularity

if TYPE_CHECKING:
    from ml.models.model import Model

PARTS: list[Model] = [Ease(20.0), NearEase(30.0, 30), Rp3Beta(0.5, 0.4, weighted=False)]


def _gain(name: str, seed: int) -> float:
    """Return by what share a blend is better than its best part, as the test shows both."""
    parts = split(log(name, seed, scale=0.06), "random", seed)
    fitted = [model.fit(parts.train, seed) for model in PARTS]
    weights, _ = choose_weights(fitted, parts.train, parts.validation)
    task = discovery(parts.training, parts.test)
    trained = tuple(model.fit(parts.training, seed) for model in PARTS)
    alone = [evaluate_scorer(model, task).means()["ndcg_at_10"] for model in trained]
    blend = Blend(trained, weights)
    return evaluate_scorer(blend, task).means()["ndcg_at_10"] / max(alone) - 1


@pytest.mark.parametrize("name", ["albums", "tastes"])
def test_a_blend_is_as_good_as_the_part_that_turns_out_best(name: str) -> None:
    """Of 390 users each; more seeds, shapes and parts: `python -m bench.models.mixtures`."""
    gains = [_gain(name, seed) for seed in range(4)]
    assert np.mean(gains) > -0.005
    assert min(gains) > -0.03


def test_a_part_that_is_far_behind_is_left_out() -> None:
    parts = split(log("albums", 0, scale=0.06), "random", 0)
    fitted = [Popularity().fit(parts.train, 0), PARTS[1].fit(parts.train, 0)]
    weights, figure = choose_weights(fitted, parts.train, parts.validation)
    assert weights == (0, 1)
    task = discovery(parts.train, parts.validation)
    assert figure == pytest.approx(evaluate_scorer(fitted[1], task).means()["ndcg_at_10"])


def test_candidates_rank_as_all_tracks_do() -> None:
    parts = split(log("tastes", 1, scale=0.06), "random", 1)
    fitted = tuple(model.fit(parts.train, 0) for model in PARTS)
    task = discovery(parts.train, parts.validation)
    weights = (0.3, 0.3, 0.4)
    whole = evaluate_scorer(Blend(fitted, weights), task).means()["ndcg_at_10"]
    assert candidates_of(fitted, task).ndcg(weights).mean() == pytest.approx(whole, abs=2e-3)
