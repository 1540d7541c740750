"""Evaluation of every model type on a log: train, and test on what was held out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.data.splits import split
from ml.errors import TooFewListens
from ml.evaluation.bootstrap import paired_gain
from ml.evaluation.evaluation import Task, discovery, evaluate_scorer, listen_again, of_new_tracks
from ml.evaluation.metrics import coverage, gini, novelty
from ml.lifecycle.search.search import AT_ONCE, search
from ml.lifecycle.search.second_stage import FEWEST_VALIDATION_USERS
from ml.models.model import Model
from ml.models.neighbourhood.knn import ItemKnn
from ml.models.popularity import Popularity
from ml.models.second_stage.reranked import Reranked

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml.data.interactions import Interactions, Ints
    from ml.data.listens import Listens
    from ml.data.splits import Split, SplitKind
    from ml.evaluation.evaluation import Evaluation, Scorer
    from ml.lifecycle.search.search import SearchResult
    from ml.models.blend import Blend

Metrics = dict[str, Any]
BUDGET = 300.0
"""Work of the search: ten times a training's, for nobody waits for it day by day."""
FEWEST_USERS = 10
"""Least users of a log, and least test users: metrics of fewer are meaningless."""


@dataclass(frozen=True, slots=True, eq=False)
class ModelResult:
    """A trained model with its metrics."""

    name: str
    evaluation: Evaluation
    metrics: Metrics
    model: Model | None = None


def evaluate(  # noqa: PLR0913 - what is asked for, and a callback
    listens: Listens,
    kind: SplitKind,
    seed: int,
    *,
    trials: int = 2,
    budget: float = BUDGET,
    oracle: Scorer | None = None,
    fewest_users: int = 1,
    on_event: Callable[[str], None] = lambda _what: None,
) -> list[ModelResult]:
    """Choose settings on validation, train on train and validation, evaluate on the test.

    Args:
        listens: the log.
        kind: how it is split.
        seed: of every draw.
        trials: settings of LightFM to try.
        budget: work of the search, in seconds of two reference cores.
        oracle: a ranker that knows; it gets a row, and each model the percent of its NDCG@10.
        fewest_users: test users that there must be.
        on_event: called with each step.

    Raises:
        TooFewListens: there is nothing to learn from, or there are too few test users.

    """
    parts = split(listens, kind, seed)
    test_users = len(discovery(parts.training, parts.test).users)
    if not test_users:
        raise TooFewListens("no user plays anything new in the test part")
    if not len(discovery(parts.train, parts.validation).users):
        raise TooFewListens("no user plays anything new in the validation part")
    if test_users < fewest_users:
        raise TooFewListens(
            f"only {test_users} users play anything new in the test part of a {kind} split,"
            f" and metrics of fewer than {fewest_users} are meaningless"
        )
    on_event("settings")
    found = search(
        parts.train,
        parts.validation,
        seed,
        trials=trials,
        budget=budget,
        on_trial=lambda trial: on_event(f"tried {trial.model}"),
    )

    def train(model: Model) -> ModelResult:
        return _result_of(parts, *_trained(parts.training, model, seed, on_event))

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(train, _finalists(found)))
    blended = _blended(found, results)
    results.append(_result_of(parts, *blended))
    if found.reranked is not None:
        results.append(_result_of(parts, *_reranked(found.reranked, *blended[:2], parts.training)))
    if oracle is not None:
        results.append(_result_of(parts, oracle, 0.0, "oracle"))
        _compare(results)
    _test_gains(results, seed)
    return results


def require_comparable(listens: Listens) -> None:
    """Raise `TooFewListens` where no metric could distinguish a good model from a bad one.

    In one person's export every test track is what that person plays: each model scores 1.
    """
    pairs = np.unique(listens.user * len(listens.tracks) + listens.track)
    users = len(np.unique(listens.user))
    if users < FEWEST_USERS:
        whose = "one person's log has" if users == 1 else f"{users} users have"
        raise TooFewListens(
            f"{whose} no user to be compared with, an evaluation needs {FEWEST_USERS} users"
        )
    if np.bincount(pairs % len(listens.tracks)).max() < 2:
        raise TooFewListens(
            "no track has two users, so nothing can be learned from one for another;"
            " if ids of tracks should be shared, check that column"
        )


def _finalists(found: SearchResult) -> list[Model]:
    return [Popularity(), ItemKnn(), *found.best.values()]


def _trained(
    training: Interactions, model: Model, seed: int, on_event: Callable[[str], None]
) -> tuple[Model, float, str]:
    on_event(f"training {model.name}")
    began = perf_counter()
    return model.fit(training, seed), perf_counter() - began, model.name


def left_out(listens: Listens, results: list[ModelResult]) -> list[str]:
    """Return each model type that has no result, and why."""
    without = [] if listens.at is not None else ["session-knn: no instants, so no sessions"]
    if listens.at is None and listens.track_features is None:
        without.append("reranked: no instants and no metadata to learn from")
    elif all(one.name != Reranked.name for one in results):
        without.append(
            f"reranked: on {FEWEST_VALIDATION_USERS} validation users or more not surely better"
            " than the blend"
        )
    return without


def _reranked(
    found: Reranked, blend: Blend, seconds: float, training: Interactions
) -> tuple[Model, float, str]:
    """Set the trees that validation taught on the blend that was just trained."""
    reranked = replace(found, blend=blend.weighted()).with_facts(training)
    return reranked, seconds, reranked.name


def _blended(found: SearchResult, results: list[ModelResult]) -> tuple[Blend, float, str]:
    """Blend the models that were just trained, by the weights that validation chose."""
    trained = {one.name: one for one in results}
    parts = tuple(
        model for part in found.blend.parts if (model := trained[part.name].model) is not None
    )
    seconds = sum(trained[part.name].metrics["train_seconds"] for part in found.blend.parts)
    blend = replace(found.blend, parts=parts)
    return blend, seconds, blend.name


def _result_of(parts: Split, scorer: Scorer, seconds: float, name: str) -> ModelResult:
    training, test = parts.training, parts.test
    task = discovery(training, test)
    evaluation = evaluate_scorer(scorer, task)
    listeners = np.bincount(training.plays.indices, minlength=training.shape[1])
    metrics: Metrics = {
        **evaluation.means(),
        "coverage": coverage(evaluation.shown, training.shape[1]),
        "novelty": novelty(evaluation.shown, listeners, training.shape[0]),
        "gini": gini(evaluation.shown, training.shape[1]),
        "users": len(task.users),
        "slices": _slices(training, evaluation)
        | {"new_tracks": _of(scorer, of_new_tracks(training, test))},
        "train_seconds": round(seconds, 3),
    }
    if parts.kind == "time":
        metrics["listen_again"] = _of(scorer, listen_again(training, test))
    model = scorer if isinstance(scorer, Model) else None
    if model is not None and (settings := model.settings()):
        metrics["settings"] = settings
    return ModelResult(name, evaluation, metrics, model)


def _of(scorer: Scorer, task: Task) -> Metrics:
    return _means(evaluate_scorer(scorer, task)) if len(task.users) else {"users": 0}


def _means(evaluation: Evaluation) -> Metrics:
    return {"users": len(evaluation.users), **evaluation.means()}


def slice_users(training: Interactions, users: Ints) -> dict[str, Ints]:
    """Return which of `users`, by position, are new (no play training) and light.

    Light: a track or more, but no more than the quarter of the training users with fewest have.
    """
    tracks = np.diff(training.plays.indptr)
    few = np.quantile(tracks[tracks > 0], 0.25)
    of_theirs = tracks[users]
    return {
        "new_users": np.flatnonzero(of_theirs == 0),
        "light_users": np.flatnonzero((of_theirs > 0) & (of_theirs <= few)),
    }


def _slices(training: Interactions, evaluation: Evaluation) -> Metrics:
    return {
        name: _means(evaluation.of(which)) if len(which) else {"users": 0}
        for name, which in slice_users(training, evaluation.users).items()
    }


def _compare(results: list[ModelResult]) -> None:
    best = results[-1].metrics["ndcg_at_10"]
    for one in results:
        one.metrics["percent_of_oracle"] = 100 * one.metrics["ndcg_at_10"] / best if best else None


def _test_gains(results: list[ModelResult], seed: int) -> None:
    """Test how surely each model is better than popularity and than item-kNN."""
    for one in results:
        for other in results[:2]:
            gain = paired_gain(one.evaluation.ndcg_at_10, other.evaluation.ndcg_at_10, seed=seed)
            if one is not other:
                key = f"gain_over_{other.name.replace('-', '_')}"
                one.metrics[key] = {"mean": gain.mean, "low": gain.low, "high": gain.high}
