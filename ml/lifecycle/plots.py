"""Plots of a training, for MLflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml.lifecycle.evaluate import slice_users

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ml.data.interactions import Interactions
    from ml.evaluation.evaluation import Evaluation, Scorer
    from ml.lifecycle.search.halving import Trial

_SCORED = 200


def metric_by_epoch(trials: Sequence[Trial]) -> Figure:
    """Draw NDCG@10 on validation after each few epochs, a line per setting that was tried."""
    figure, axes = _figure("epoch", "NDCG@10 on validation")
    for trial in trials:
        if trial.curve:
            settings = ", ".join(f"{name} {value:g}" for name, value in trial.settings.items())
            axes.plot(*zip(*trial.curve, strict=True), marker=".", label=settings)
    _legend(axes)
    return figure


def metric_by_slice(training: Interactions, evaluations: Mapping[str, Evaluation]) -> Figure:
    """Draw NDCG@10 of each model for all, new and light users, with 95 % intervals."""
    figure, axes = _figure("users", "NDCG@10")
    for number, (name, evaluation) in enumerate(evaluations.items()):
        everyone = {"all": np.arange(len(evaluation.users))}
        slices = everyone | slice_users(training, evaluation.users)
        figures = [evaluation.ndcg_at_10[which] for which in slices.values()]
        mean = [its.mean() if len(its) else 0.0 for its in figures]
        noise = [1.96 * its.std() / len(its) ** 0.5 if len(its) else 0.0 for its in figures]
        width = 0.8 / len(evaluations)
        place = np.arange(len(slices)) + (number - (len(evaluations) - 1) / 2) * width
        axes.bar(place, mean, width, yerr=noise, label=name)
        labels = [f"{which}\n{len(its)}" for which, its in slices.items()]
        axes.set_xticks(range(len(slices)), labels)
    _legend(axes)
    return figure


def score_distributions(training: Interactions, test: Interactions, model: Scorer) -> Figure:
    """Draw the scores of tracks heard, of those that were played next, and of all others.

    Args:
        training: What the model learned from.
        test: What was played next.
        model: The model.

    """
    played = np.flatnonzero(np.diff(test.plays.indptr))
    users = played[np.linspace(0, len(played) - 1, min(_SCORED, len(played))).astype(np.int64)]
    scores = model.scores(users)
    heard = training.heard(users)
    next_played = test.heard(users) & ~heard
    figure, axes = _figure("score", "density")
    for label, which in (
        ("others", ~heard & ~next_played),
        ("heard before", heard),
        ("played next", next_played),
    ):
        if which.any():
            axes.hist(scores[which], bins=50, density=True, histtype="step", label=label)
    _legend(axes)
    return figure


def popularity_bias(training: Interactions, evaluations: Mapping[str, Evaluation]) -> Figure:
    """Draw how much of what is shown falls on the most played tracks, against what is played."""
    figure, axes = _figure("share of the tracks, most played first", "share of plays or places")
    plays = np.asarray(training.plays.sum(axis=0)).ravel()
    order = np.argsort(-plays, kind="stable")
    share = np.arange(1, len(order) + 1) / len(order)
    axes.plot(share, np.cumsum(plays[order]) / max(plays.sum(), 1), "k--", label="played")
    for name, evaluation in evaluations.items():
        shown = evaluation.shown[evaluation.shown >= 0]
        times = np.bincount(shown, minlength=len(order))[order]
        axes.plot(share, np.cumsum(times) / max(times.sum(), 1), label=name)
    _legend(axes)
    return figure


def _figure(across: str, up: str) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    return figure, axes


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize="small")
