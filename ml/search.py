"""Choose settings on validation, within a stated budget of trials."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ml.blend import Blend, choose_weights
from ml.ease import Ease
from ml.hybrid import Hybrid
from ml.judging import discovery, judge
from ml.softmax import Softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ml.interactions import Interactions
    from ml.judging import Task
    from ml.model import Model

Settings = dict[str, float]
Fixed = TypeVar("Fixed", Ease, Softmax)

JUDGED = 2_000
"""Validation users asked for each figure, at most: its noise is then below .01."""
EVERY, PATIENCE = 3, 3
"""LightFM is judged after each 3 epochs, and ended when 3 judgements brought nothing better."""

LIGHTFM: tuple[dict[str, Any], ...] = tuple(
    {"dimensions": dimensions, "rate": rate, "sampled": sampled, "averaged": averaged}
    for dimensions, rate, sampled, averaged in (
        (96, 0.05, 50, False), (96, 0.05, 50, True), (64, 0.02, 100, False), (128, 0.05, 30, True),
        (128, 0.03, 100, False), (64, 0.05, 30, True), (64, 0.05, 100, False), (64, 0.02, 50, True),
    )
)  # fmt: skip
"""In the order tried: the ranges within which the best were found on real logs."""
RIDGES = (20.0, 100.0, 500.0)
PRIORS = (5.0, 20.0)


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting of one model, and how it did on validation."""

    model: str
    settings: Settings
    ndcg_at_10: float
    curve: tuple[tuple[int, float], ...] = ()
    """NDCG@10 after so many epochs."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The best of each kind, trained on the training part, and every trial on the way."""

    ease: Ease
    lightfm: Hybrid
    softmax: Softmax
    blend: Blend
    trials: tuple[Trial, ...]


def search(
    train: Interactions,
    validation: Interactions,
    seed: int,
    budget: int = 2,
    watch: Callable[[Trial], None] = lambda _trial: None,
) -> Found:
    """Try `budget` settings of LightFM, and the few of the others; then weigh the blend.

    `watch` is called after each trial. Equal data, seed and budget find the same.
    """
    task = discovery(train, validation, at_most=JUDGED)
    trials: list[Trial] = []

    def note(trial: Trial) -> float:
        trials.append(trial)
        watch(trial)
        return trial.ndcg_at_10

    ease = _best([Ease(ridge) for ridge in RIDGES], train, task, seed, note)
    ease = _best([ease, Ease(ease.ridge, graded=False)], train, task, seed, note)
    softmax = _best([Softmax(prior=prior) for prior in PRIORS], train, task, seed, note)
    tried = [_stopped(Hybrid(**its), train, task, seed) for its in LIGHTFM[: max(1, budget)]]
    lightfm = tried[int(np.argmax([note(trial) for _, trial in tried]))][0]
    parts: tuple[Model, ...] = (lightfm, ease, softmax)
    weights, figure = choose_weights(parts, train, validation)
    names = [part.name for part in parts]
    note(Trial("blend", dict(zip(names, weights, strict=True)), figure))
    return Found(ease, lightfm, softmax, Blend(parts, weights), tuple(trials))


def _best(
    candidates: Iterable[Fixed],
    train: Interactions,
    task: Task,
    seed: int,
    note: Callable[[Trial], float],
) -> Fixed:
    """Train each that is not trained yet; return the best, trained."""
    best, highest = None, -1.0
    for candidate in candidates:
        fitted = candidate if candidate.is_fitted else candidate.fit(train, seed)
        figure = judge(fitted, task).means()["ndcg_at_10"]
        if fitted is not candidate:
            note(Trial(candidate.name, candidate.settings(), figure))
        if figure > highest:
            best, highest = fitted, figure
    assert best is not None
    return best


def _stopped(model: Hybrid, train: Interactions, task: Task, seed: int) -> tuple[Hybrid, Trial]:
    """Train until it no longer gets better; return it as it was at its best epoch."""
    curve: list[tuple[int, float]] = []
    best = [model]

    def stop(epoch: int, fitted: Hybrid) -> bool:
        figure = judge(fitted, task).means()["ndcg_at_10"]
        if figure > max((earlier for _, earlier in curve), default=-1.0):
            best[0] = replace(fitted, epochs=epoch)
        curve.append((epoch, figure))
        since = epoch - best[0].epochs
        return since >= PATIENCE * EVERY

    model.fit_watched(train, seed, EVERY, stop)
    figure = max(figure for _, figure in curve)
    return best[0], Trial(model.name, best[0].settings(), figure, tuple(curve))
