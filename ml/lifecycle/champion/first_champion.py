"""The first champion: a baseline, for an app that has no proven model yet.

It is registered like any other version, but stores only its settings. Each batch fits it on the
published data, so it follows the data, keeps no user's listens, and gives the same lists for the
same data.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from lake.clock import utc_now
from lake.version import git_commit
from ml.data import published_marts
from ml.errors import DamagedModel, UnusableModel
from ml.lifecycle.champion.decision_log import one_at_a_time, record_decision
from ml.lifecycle.promotion import Decision
from ml.models.baseline import Baseline
from ml.models.bundle import Bundle
from ml.registry import registry

if TYPE_CHECKING:
    from ml.registry.registry import Version
    from ml.settings import MlSettings


def ensure_champion(settings: MlSettings, run_id: str = "") -> Version:
    """Return the champion; if there is none yet, make a baseline champion.

    A baseline whose file is damaged is replaced by a new one, which loses nothing: a baseline has
    only settings. Raises `NothingToLearnFrom` if no features are published yet.
    """
    with one_at_a_time(settings):
        champion = registry.find_champion(settings)
        if champion is not None and not (champion.is_baseline and _is_damaged(settings, champion)):
            return champion
        first = register_baseline(settings, run_id)
        sentence = f"version {first.number}, a baseline, is champion: "
        sentence += (
            f"the file of version {champion.number}, a baseline too, is damaged"
            if champion
            else "no model has been proven better yet"
        )
        record_decision(
            settings,
            Decision(True, sentence, {}),
            champion=first,
            previous=champion,
            challenger=first,
            run_id=run_id,
        )
    return first


def register_baseline(settings: MlSettings, run_id: str) -> Version:
    """Register a baseline; raise `NothingToLearnFrom` if no features are published."""
    import mlflow

    from ml.registry.tracking import scratch
    from ml.registry.trainings import under_way

    began = time.monotonic()
    with published_marts.open_published(settings) as published:
        data_version = published_marts.version_of(published)
        cut_off = published_marts.cut_offs(published)[-1]
    no_ids = np.zeros(0, np.int64)
    bundle = Bundle(Baseline(), no_ids, no_ids, no_ids)
    commit = git_commit()
    with scratch(settings), under_way(settings, run_id) as (client, mlflow_run_id):
        registry.register_known(client, settings)
        arrays = bundle.model.arrays().items()
        mlflow.log_params({name: array.item() for name, array in arrays} | {"model": bundle.name})
        mlflow.set_tags({"run_id": run_id, "git_commit": commit or "unknown"})
        row = registry.log_model(client, bundle) | {
            "run_id": run_id,
            "mlflow_run_id": mlflow_run_id,
            "trained_at": utc_now(),
            "data_as_of": data_version.data_as_of,
            "cut_off": cut_off,
            "load_ids": data_version.load_ids,
            "git_commit": commit,
            "seconds": time.monotonic() - began,
        }
    registry.record(settings, row)
    return registry.versions(settings)[row["model_version"]]


def _is_damaged(settings: MlSettings, version: Version) -> bool:
    try:
        registry.load(settings, version)
    except (DamagedModel, UnusableModel):
        return True
    return False
