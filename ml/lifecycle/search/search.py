"""Search of hyper-parameters on validation, within a budget of work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.evaluation.evaluation import discovery, evaluate_scorer
from ml.lifecycle.search.budget import BUDGET, plan
from ml.lifecycle.search.contenders import LIGHTFMS, contenders
from ml.lifecycle.search.half_lives import with_half_life
from ml.lifecycle.search.halving import Trial, halve, rank
from ml.lifecycle.search.samples import sample
from ml.lifecycle.search.second_stage import make_blend
from ml.models.neighbourhood.ease import Ease
from ml.models.neighbourhood.near_ease import NearEase

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml.data.interactions import Interactions
    from ml.evaluation.evaluation import Task
    from ml.lifecycle.search.halving import Ranked
    from ml.lifecycle.search.samples import Sample
    from ml.models.blend import Blend
    from ml.models.hybrid import Hybrid
    from ml.models.model import Model
    from ml.models.second_stage.reranked import Reranked

VALIDATION_USERS = 2_000
"""Validation users at most for each trial: the noise is then below .01."""
FEWEST_USERS = 50
"""Validation users that a sample needs; on fewer no settings are compared."""
NEAR = 0.75
"""A model type with less of the best one's NDCG@10 on the first sample does not go on."""
AT_ONCE = 2
EVERY, PATIENCE = 3, 3
"""LightFM is evaluated after each 3 epochs, and stopped when 3 evaluations were no better."""


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """The best of each model type, trained on the training part, and every trial on the way."""

    best: dict[str, Model]
    """By the name of the type; one that did not go on is not fitted."""
    blend: Blend
    reranked: Reranked | None
    """The blend with a second stage; none: it is not surely better."""
    trials: tuple[Trial, ...]


def search(  # noqa: PLR0913 - the two parts, what may be spent, and a callback
    train: Interactions,
    validation: Interactions,
    seed: int,
    *,
    trials: int = 2,
    budget: float = BUDGET,
    on_trial: Callable[[Trial], None] = lambda _trial: None,
) -> SearchResult:
    """Choose the settings of each model type, weigh the blend, and try a second stage on it.

    Equal data, seed and budget find the same: the budget is work, not time. Two model types are
    searched at a time, but no result depends on which is first.

    Args:
        train: what each trial is fitted on.
        validation: what it is evaluated on.
        seed: of each fit.
        trials: settings of LightFM to try.
        budget: seconds that the search may take on a machine of two reference cores.
        on_trial: called with each trial, always in the same order.

    Returns:
        The best of each model type, the blend, its second stage if it is kept, and all trials.

    """
    task = discovery(train, validation, at_most=VALIDATION_USERS)
    planned = plan(train, budget, contenders(train), LIGHTFMS[: max(1, trials)])
    drawn = [sample(train, validation, share, VALIDATION_USERS, seed) for share in planned.shares]
    samples = [its for its in drawn if its.share == 1 or len(its.task.users) >= FEWEST_USERS]
    tried: list[Trial] = []

    def report(trial: Trial) -> float:
        tried.append(trial)
        on_trial(trial)
        return trial.ndcg_at_10

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(AT_ONCE) as pool:
        # The longest first.
        stopped = [pool.submit(_stopped, one, train, task, seed) for one in planned.lightfms]
        first = [pool.submit(rank, its, samples[0], seed) for its in reversed(planned.contenders)]
        ranked = [of_type.result() for of_type in first]
        enough = NEAR * max(its.ndcg_at_10 for its in ranked)
        halved = [
            pool.submit(_halved, its, samples, seed, goes_on=its.ndcg_at_10 >= enough)
            for its in ranked
        ]
        found = [of_type.result() for of_type in reversed(halved)]
        for _, of_type in found:
            for trial in of_type:
                report(trial)
        hybrids = [one.result() for one in stopped]
    lightfm = hybrids[int(np.argmax([report(trial) for _, trial in hybrids]))][0]
    best: dict[str, Model] = {model.name: model for model, _ in found} | {lightfm.name: lightfm}
    blend, reranked = make_blend(_parts(best, tried), train, validation, seed, report)
    return SearchResult(best, blend, reranked, tuple(tried))


def _halved(
    ranked: Ranked[Model], samples: list[Sample], seed: int, *, goes_on: bool
) -> tuple[Model, list[Trial]]:
    """Return the best of a model type, fitted on all users; if it does not go on, its settings."""
    if not goes_on:
        its = ranked.best if len(samples) == 1 else ranked.settings[0]
        return its, list(ranked.trials)
    found, trials = halve(ranked, samples[1:], seed)
    found, of_recency = with_half_life(found, samples[-1])
    return found, trials + of_recency


def _parts(best: dict[str, Model], trials: list[Trial]) -> tuple[Model, ...]:
    """Return what is blended: of the two EASE the better, for they are too alike for both."""
    figures = dict.fromkeys(best, 0.0)
    for trial in trials:
        if trial.users == 1:
            figures[trial.model] = max(figures[trial.model], trial.ndcg_at_10)
    worse = min(NearEase.name, Ease.name, key=figures.__getitem__)
    return tuple(
        model for name, model in reversed(best.items()) if model.is_fitted and name != worse
    )


def _stopped(model: Hybrid, train: Interactions, task: Task, seed: int) -> tuple[Hybrid, Trial]:
    """Train until it no longer gets better; return it as it was at its best epoch."""
    curve: list[tuple[int, float]] = []
    best = [model]

    def stop(epoch: int, fitted: Hybrid) -> bool:
        figure = evaluate_scorer(fitted, task).means()["ndcg_at_10"]
        if figure > max((earlier for _, earlier in curve), default=-1.0):
            best[0] = replace(fitted, epochs=epoch)
        curve.append((epoch, figure))
        since = epoch - best[0].epochs
        return since >= PATIENCE * EVERY

    model.fit_watched(train, seed, EVERY, stop)
    figure = max(figure for _, figure in curve)
    return best[0], Trial(model.name, best[0].settings(), figure, tuple(curve))
