"""Train a challenger on what was known at the training cut-off, register it, have it judged."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lake.clock import utc_now
from lake.version import git_commit
from ml.data import published_marts
from ml.errors import TooFewListens
from ml.lifecycle import holdout, plots
from ml.lifecycle.deciding import judge_challenger
from ml.lifecycle.drift import note_profile
from ml.lifecycle.profile import profile
from ml.lifecycle.rolling import cut_offs_at_most
from ml.lifecycle.search import search
from ml.models.bundle import Bundle, align, trained
from ml.models.model_types import model_type
from ml.registry import registry
from ml.registry.tracking import connected, log_metrics, scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure
    from mlflow import MlflowClient

    from ml.lifecycle.holdout import Cut
    from ml.lifecycle.promotion import Decision, Figures
    from ml.lifecycle.search import Trial
    from ml.models.model import Model
    from ml.settings import MlSettings


@dataclass(frozen=True, slots=True)
class Training:
    """What a training came to."""

    version: int
    name: str
    model_hash: str
    listens: int
    seconds: float
    decision: Decision


def train(settings: MlSettings, *, model: Model | None = None, run_id: str = "") -> Training:
    """Train what the settings name, or `model`, and have it judged against the champion.

    Raises `TooFewListens` when there is too little to learn from or to judge by.
    """
    import mlflow

    from ml.registry.trainings import under_way

    with published_marts.open_published(settings) as published:
        data_version = published_marts.version_of(published)
        most = cut_offs_at_most(registry.find_champion(settings))
        cut = holdout.cut(published, settings, most)
        present = profile(published, published_marts.cut_offs(published)[-1])
    with scratch(settings), under_way(settings, run_id) as (client, mlflow_run_id):
        registry.register_known(client, settings)
        begun = time.monotonic()
        trials: list[Trial] = []
        bundle = trained(model or _chosen(settings, cut, trials), cut.data, settings.seed)
        seconds = time.monotonic() - begun
        own = holdout.figures_of(bundle, cut)
        mlflow.log_params(_params(bundle, settings))
        mlflow.set_tags(_tags(data_version, cut, run_id))
        popularity = holdout.figures_of_popularity(cut)
        figures = _metrics(own, popularity) | {"fit_seconds": seconds}
        log_metrics(client, mlflow_run_id, figures)
        for trial in trials:
            _log_trial(client, trial)
        for name, figure in _drawn(bundle, [own, popularity], cut, trials):
            mlflow.log_figure(figure, f"plots/{name}.png")
        number, model_hash, path = registry.log_model(client, bundle)
    row = _row(data_version, cut, own, seconds) | {
        "model_version": number,
        "name": bundle.name,
        "model_hash": model_hash,
        "run_id": run_id,
        "mlflow_run_id": mlflow_run_id,
        "path": path,
    }
    registry.note(settings, row)
    note_profile(settings, number, present, run_id)
    decision = judge_challenger(settings, registry.versions(settings)[number], cut, run_id)
    with connected(settings) as client:
        log_metrics(client, mlflow_run_id, _evidence(decision))
    listens = int(cut.data.plays.sum())
    return Training(number, bundle.name, model_hash, listens, seconds, decision)


def _chosen(settings: MlSettings, cut: Cut, trials: list[Trial]) -> Model:
    """Make the model that the settings name; a blend's own settings are chosen on validation."""
    if settings.model != "blend":
        made: Model = model_type(settings.model)()
        return made
    parts = cut.for_settings()
    if parts is None:
        raise TooFewListens("none before the cut-off, to choose settings by")
    return search(*parts, settings.seed, settings.trials, trials.append).blend


def _drawn(
    bundle: Bundle, judged: list[Figures], cut: Cut, trials: list[Trial]
) -> Iterator[tuple[str, Figure]]:
    """Yield each picture of a training with its name."""
    judgements = {one.name: one.judgement for one in judged if one.judgement is not None}
    scorer = align(bundle, cut.data)
    yield "metric_by_epoch", plots.metric_by_epoch(trials)
    yield "metric_by_slice", plots.metric_by_slice(cut.data, judgements)
    yield "score_distributions", plots.score_distributions(cut.data, cut.test, scorer)
    yield "popularity_bias", plots.popularity_bias(cut.data, judgements)


def _params(bundle: Bundle, settings: MlSettings) -> dict[str, object]:
    """Return the hyper-parameters: the small arrays of a model, and what training was told."""
    arrays = bundle.model.arrays().items()
    own = {name: array.tolist() for name, array in arrays if array.size <= 8 and array.ndim <= 1}
    return own | {"model": bundle.name, "seed": settings.seed, "test_days": settings.test_days}


def _tags(data_version: published_marts.Version, cut: Cut, run_id: str) -> dict[str, str]:
    return {
        "git_commit": git_commit() or "unknown",
        "load_ids": ",".join(data_version.load_ids)[:5_000],
        "publication": str(data_version.publication),
        "data_as_of": data_version.data_as_of.isoformat(),
        "cut_off": cut.known.as_of.isoformat(),
        "run_id": run_id,
    }


def _metrics(own: Figures, popularity: Figures) -> dict[str, float]:
    figures = dict(own.means) | {"coverage": own.coverage}
    figures |= {f"popularity_{name}": value for name, value in popularity.means.items()}
    figures |= {
        f"ndcg_at_10_{name.replace(' ', '_')}": float(np.mean(its.values))
        for name, its in own.slices.items()
    }
    return figures


def _evidence(decision: Decision) -> dict[str, float]:
    """Return what decided, of all cut-offs together, as MLflow's metrics."""
    metrics = {
        f"decided_{name}_{figure}": float(value)
        for name in ("gain", "gain_over_popularity")
        for figure, value in (decision.figures.get(name) or {}).items()
    }
    if "test_users" in decision.figures:
        metrics["decided_test_users"] = float(decision.figures["test_users"])
        metrics["decided_cut_offs"] = float(len(decision.figures.get("cut_offs", [1])))
    return metrics


def _row(
    data_version: published_marts.Version, cut: Cut, own: Figures, seconds: float
) -> dict[str, object]:
    return {
        "trained_at": utc_now(),
        "data_as_of": data_version.data_as_of,
        "cut_off": cut.known.as_of,
        "load_ids": data_version.load_ids,
        "git_commit": git_commit(),
        "listens": int(cut.data.plays.sum()),
        "seconds": seconds,
        "coverage": own.coverage,
        **{name: own.means[name] for name in ("ndcg_at_10", "recall_at_10", "map_at_10")},
    }


def _log_trial(client: MlflowClient, trial: Trial) -> None:
    """Note one setting that was tried as a nested run, with its curve over the epochs."""
    import mlflow
    from mlflow.entities import Metric

    at = int(time.time() * 1000)
    with mlflow.start_run(run_name=trial.model, nested=True) as run:
        mlflow.log_params({"model": trial.model, **trial.settings})
        curve = [Metric("ndcg_at_10", figure, at, epoch) for epoch, figure in trial.curve]
        client.log_batch(run.info.run_id, curve or [Metric("ndcg_at_10", trial.ndcg_at_10, at, 0)])
