"""Training: choose settings, fit a challenger, register it, evaluate it against the champion."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lake.clock import utc_now
from lake.version import git_commit
from ml.data import published_marts
from ml.data.new_tracks import is_new
from ml.errors import MlError, TooFewListens
from ml.lifecycle import plots
from ml.lifecycle.champion.challenger import evaluate_challenger
from ml.lifecycle.drift import note_profile
from ml.lifecycle.holdout import hold_out, metrics_of, metrics_of_popularity
from ml.lifecycle.profile import profile
from ml.lifecycle.rolling import max_cut_offs
from ml.lifecycle.search.search import search
from ml.lifecycle.search.warm_start import warm_start
from ml.models.bundle import Bundle, align, trained
from ml.models.model_types import model_type
from ml.playlists.playlist_metrics import playlist_metrics
from ml.registry import registry
from ml.registry.tracking import log_metrics, scratch, tracking_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure
    from mlflow import MlflowClient

    from ml.data.interactions import Flags, Interactions
    from ml.lifecycle.holdout import Holdout
    from ml.lifecycle.promotion import Decision, RankerMetrics
    from ml.lifecycle.search.halving import Trial
    from ml.models.model import Model
    from ml.settings import MlSettings


@dataclass(frozen=True, slots=True)
class Training:
    """The result of a training."""

    version: int
    name: str
    model_hash: str
    listens: int
    seconds: float
    decision: Decision


def train(settings: MlSettings, *, model: Model | None = None, run_id: str = "") -> Training:
    """Train a challenger and evaluate it against the champion.

    Args:
        settings: Which model, what a training needs, where models are.
        model: What is trained instead of what the settings name.
        run_id: The run that trains.

    Returns:
        The version that was registered, and the decision about it.

    Raises:
        TooFewListens: There is too little to learn from or to test by.

    """
    import mlflow

    from ml.registry.trainings import under_way

    with published_marts.open_published(settings) as published:
        data_version = published_marts.version_of(published)
        holdout = hold_out(published, settings, max_cut_offs(registry.find_champion(settings)))
        present = profile(published, published_marts.cut_offs(published)[-1])
        new = is_new(published, holdout.training.tracks, holdout.snapshot.as_of)
    with scratch(settings), under_way(settings, run_id) as (client, mlflow_run_id):
        registry.register_known(client, settings)
        started = time.monotonic()
        trials: list[Trial] = []
        chosen = model or _chosen(settings, holdout, trials)
        bundle = trained(chosen, holdout.training, settings.seed)
        seconds = time.monotonic() - started
        own, popularity = metrics_of(bundle, holdout), metrics_of_popularity(holdout)
        mlflow.log_params(_params(bundle, settings))
        mlflow.set_tags(_tags(data_version, holdout, run_id))
        log_metrics(client, mlflow_run_id, _metrics(own, popularity) | {"fit_seconds": seconds})
        log_metrics(client, mlflow_run_id, playlist_metrics(bundle, holdout, new, settings))
        for trial in trials:
            _log_trial(client, trial)
        for name, figure in _drawn(bundle, [own, popularity], holdout, trials):
            mlflow.log_figure(figure, f"plots/{name}.png")
        row = registry.log_model(client, bundle) | {
            "run_id": run_id,
            "mlflow_run_id": mlflow_run_id,
            "trained_at": utc_now(),
            "data_as_of": data_version.data_as_of,
            "cut_off": holdout.snapshot.as_of,
            "load_ids": data_version.load_ids,
            "git_commit": git_commit(),
            "listens": int(holdout.training.plays.sum()),
            "seconds": seconds,
            "coverage": own.coverage,
            **{name: own.means[name] for name in ("ndcg_at_10", "recall_at_10", "map_at_10")},
        }
    registry.record(settings, row)
    number = row["model_version"]
    note_profile(settings, number, present, run_id)
    decision = evaluate_challenger(settings, registry.versions(settings)[number], holdout, run_id)
    with tracking_client(settings) as client:
        log_metrics(client, mlflow_run_id, _evidence(decision))
        if not decision.is_promoted:
            log_metrics(client, mlflow_run_id, _metrics_of_champion(holdout, new, settings))
    return Training(number, bundle.name, row["model_hash"], row["listens"], seconds, decision)


def _metrics_of_champion(holdout: Holdout, is_new: Flags, settings: MlSettings) -> dict[str, float]:
    """Measure the champion's playlists in the same way; one that can't be read has no metrics."""
    champion = registry.find_champion(settings)
    if champion is None:
        return {}
    try:
        bundle = registry.load(settings, champion)
    except MlError:
        return {}
    metrics = playlist_metrics(bundle, holdout, is_new, settings)
    return {f"champion_{name}": value for name, value in metrics.items()}


def _chosen(settings: MlSettings, holdout: Holdout, trials: list[Trial]) -> Model:
    """Make the model that the settings name; a blend's own settings are chosen on validation."""
    if not settings.is_searched:
        made: Model = model_type(settings.model)()
        return made
    parts = holdout.for_settings()
    if parts is None:
        raise TooFewListens("none before the cut-off, to choose settings by")
    if settings.warm_start and (kept := _from_champion(settings, parts, trials)):
        return kept
    found = search(
        *parts,
        settings.seed,
        trials=settings.trials,
        budget=settings.budget,
        on_trial=trials.append,
    )
    return found.reranked or found.blend


def _from_champion(
    settings: MlSettings, parts: tuple[Interactions, Interactions], trials: list[Trial]
) -> Model | None:
    """Return the champion's parts, weighed again; none without a learned champion to be read."""
    champion = registry.find_champion(settings)
    if champion is None:
        return None
    try:
        served = registry.load(settings, champion).model
    except MlError:
        return None
    return warm_start(served, *parts, settings.seed, on_trial=trials.append)


def _drawn(
    bundle: Bundle, metrics: list[RankerMetrics], holdout: Holdout, trials: list[Trial]
) -> Iterator[tuple[str, Figure]]:
    """Yield each picture of a training with its name."""
    evaluations = {one.name: one.evaluation for one in metrics if one.evaluation is not None}
    training = holdout.training
    scorer = align(bundle, training, holdout.baseline)
    yield "metric_by_epoch", plots.metric_by_epoch(trials)
    yield "metric_by_slice", plots.metric_by_slice(training, evaluations)
    yield "score_distributions", plots.score_distributions(training, holdout.test, scorer)
    yield "popularity_bias", plots.popularity_bias(training, evaluations)


def _params(bundle: Bundle, settings: MlSettings) -> dict[str, object]:
    """Return the hyper-parameters: small arrays of the model, and settings of the training."""
    arrays = bundle.model.arrays().items()
    own = {name: array.tolist() for name, array in arrays if array.size <= 8 and array.ndim <= 1}
    return own | {"model": bundle.name, "seed": settings.seed, "test_days": settings.test_days}


def _tags(data_version: published_marts.Version, holdout: Holdout, run_id: str) -> dict[str, str]:
    return {
        "git_commit": git_commit() or "unknown",
        "load_ids": ",".join(data_version.load_ids)[:5_000],
        "publication": str(data_version.publication),
        "data_as_of": data_version.data_as_of.isoformat(),
        "cut_off": holdout.snapshot.as_of.isoformat(),
        "run_id": run_id,
    }


def _metrics(own: RankerMetrics, popularity: RankerMetrics) -> dict[str, float]:
    return (
        own.means
        | {"coverage": own.coverage}
        | {f"popularity_{name}": value for name, value in popularity.means.items()}
        | {
            f"ndcg_at_10_{name.replace(' ', '_')}": float(np.mean(its.values))
            for name, its in own.slices.items()
        }
    )


def _evidence(decision: Decision) -> dict[str, float]:
    """Return the evidence of all cut-offs together as MLflow's metrics."""
    evidence = decision.evidence
    metrics = {
        f"decided_{name}_{part}": float(value)
        for name in ("gain", "gain_over_popularity")
        for part, value in (evidence.get(name) or {}).items()
    }
    if "test_users" in evidence:
        metrics["decided_test_users"] = float(evidence["test_users"])
        metrics["decided_cut_offs"] = float(len(evidence.get("cut_offs", [1])))
    return metrics | {
        f"champion_listened_to_{name}{part.removeprefix('rate')}": float(value)
        for name, rates in evidence.get("listened_to", {}).items()
        for part, value in rates.items()
        if part.startswith("rate")
    }


def _log_trial(client: MlflowClient, trial: Trial) -> None:
    """Log one trial as a nested run, with its curve over the epochs."""
    import mlflow
    from mlflow.entities import Metric

    at = int(time.time() * 1000)
    with mlflow.start_run(run_name=trial.model, nested=True) as run:
        mlflow.log_params({"model": trial.model, "users": trial.users, **trial.settings})
        curve = [Metric("ndcg_at_10", figure, at, epoch) for epoch, figure in trial.curve]
        client.log_batch(run.info.run_id, curve or [Metric("ndcg_at_10", trial.ndcg_at_10, at, 0)])
