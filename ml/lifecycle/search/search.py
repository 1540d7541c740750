"""Search of hyper-parameters on validation, within a stated budget of trials."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.evaluation.evaluation import discovery, evaluate_scorer
from ml.models.blend import Blend
from ml.models.ease import Ease
from ml.models.hybrid import Hybrid
from ml.models.mixture import choose_weights
from ml.models.neighbourhood.rp3beta import Rp3Beta
from ml.models.softmax.softmax import Softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ml.data.interactions import Interactions
    from ml.evaluation.evaluation import Task
    from ml.models.model import Model

Settings = dict[str, float]
Fixed = TypeVar("Fixed", Ease, Softmax, Rp3Beta)

VALIDATION_USERS = 2_000
"""Validation users at most for each trial: the noise is then below .01."""
AT_ONCE = 2
EVERY, PATIENCE = 3, 3
"""LightFM is evaluated after each 3 epochs, and stopped when 3 evaluations were no better."""

LIGHTFM: tuple[dict[str, Any], ...] = tuple(
    {"no_components": size, "learning_rate": rate, "max_sampled": sampled, "averaged": averaged}
    for size, rate, sampled, averaged in (
        (96, 0.05, 50, False), (96, 0.05, 50, True), (64, 0.02, 100, False), (128, 0.05, 30, True),
        (128, 0.03, 100, False), (64, 0.05, 30, True), (64, 0.05, 100, False), (64, 0.02, 50, True),
    )
)  # fmt: skip
"""In the order tried: the ranges within which the best were found on real logs.

Two at least, sums and means: on a sparse log means reached NDCG@10 .409 and sums .334
(docs/recommender.md), and validation decides.
"""
REGULARIZATIONS = (20.0, 100.0, 500.0)
ALPHAS, BETAS = (0.5, 0.7, 1.0), (0.2, 0.4, 0.6)
SOFTMAXES = (Softmax(), Softmax(no_components=48, prior=6.0, epochs=60))
"""Priors learned, which suits tastes that are few-dimensional, and weak ones in many dimensions."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting of one model, and how it did on validation."""

    model: str
    settings: Settings
    ndcg_at_10: float
    curve: tuple[tuple[int, float], ...] = ()
    """NDCG@10 after so many epochs."""


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """The best of each model type, trained on the training part, and every trial on the way."""

    ease: Ease
    rp3beta: Rp3Beta
    lightfm: Hybrid
    softmax: Softmax
    blend: Blend
    trials: tuple[Trial, ...]


def search(
    train: Interactions,
    validation: Interactions,
    seed: int,
    budget: int = 2,
    on_trial: Callable[[Trial], None] = lambda _trial: None,
) -> SearchResult:
    """Try `budget` settings of LightFM, and the few of the others; then weigh the blend.

    Equal data, seed and budget find the same: two model types are searched at a time, but each
    model is trained on one thread.

    Args:
        train: what each trial is fitted on.
        validation: what it is evaluated on.
        seed: of each fit.
        budget: settings of LightFM to try.
        on_trial: called with each trial, always in the same order.

    Returns:
        The best of each model type, the blend, and all trials.

    """
    task = discovery(train, validation, at_most=VALIDATION_USERS)
    trials: list[Trial] = []

    def report(trial: Trial) -> float:
        trials.append(trial)
        on_trial(trial)
        return trial.ndcg_at_10

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(AT_ONCE) as pool:
        hybrids = [Hybrid(**its) for its in LIGHTFM[: max(1, budget)]]
        # The longest first.
        stopped = [pool.submit(_stopped, hybrid, train, task, seed) for hybrid in hybrids]
        of_softmax = pool.submit(_best, SOFTMAXES, train, task, seed)
        of_ease = pool.submit(_best_ease, train, task, seed)
        of_walks = pool.submit(_best_walk, train, task, seed)
        for found in (of_ease, of_walks, of_softmax):
            for trial in found.result()[1]:
                report(trial)
        tried = [one.result() for one in stopped]
    ease, walk, softmax = of_ease.result()[0], of_walks.result()[0], of_softmax.result()[0]
    lightfm = tried[int(np.argmax([report(trial) for _, trial in tried]))][0]
    parts: tuple[Model, ...] = (lightfm, ease, softmax, walk)
    weights, figure = choose_weights(parts, train, validation)
    blend = Blend(parts, weights)
    report(Trial(blend.name, blend.settings(), figure))
    return SearchResult(ease, walk, lightfm, softmax, blend, tuple(trials))


def _best_ease(train: Interactions, task: Task, seed: int) -> tuple[Ease, list[Trial]]:
    """Choose the regularization, and then whether plays are weighted."""
    ease, trials = _best([Ease(value) for value in REGULARIZATIONS], train, task, seed)
    plain, more = _best([Ease(ease.regularization, weighted=False)], train, task, seed)
    is_better = more[0].ndcg_at_10 > max(trial.ndcg_at_10 for trial in trials)
    return plain if is_better else ease, trials + more


def _best_walk(train: Interactions, task: Task, seed: int) -> tuple[Rp3Beta, list[Trial]]:
    """Choose whether plays are weighted, then alpha, then beta."""
    first = Rp3Beta(ALPHAS[1], BETAS[1])
    both = [replace(first, weighted=is_so) for is_so in (True, False)]
    best, trials = _best(both, train, task, seed)
    for name, values in (("alpha", ALPHAS), ("beta", BETAS)):
        others: list[dict[str, Any]] = [{name: v} for v in values if v != getattr(best, name)]
        found, more = _best([replace(best, **its) for its in others], train, task, seed)
        if max(trial.ndcg_at_10 for trial in more) > max(trial.ndcg_at_10 for trial in trials):
            best = found
        trials += more
    return best, trials


def _best(
    candidates: Iterable[Fixed], train: Interactions, task: Task, seed: int
) -> tuple[Fixed, list[Trial]]:
    """Train each; return the best, trained, and a trial of each."""
    best, trials = None, list[Trial]()
    for candidate in candidates:
        fitted = candidate.fit(train, seed)
        figure = evaluate_scorer(fitted, task).means()["ndcg_at_10"]
        if figure > max((trial.ndcg_at_10 for trial in trials), default=-1.0):
            best = fitted
        trials.append(Trial(candidate.name, candidate.settings(), figure))
    assert best is not None
    return best, trials


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
