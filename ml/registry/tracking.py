"""The connection to MLflow's tracking database, and the logging of metrics.

It takes five seconds to import, so nothing that only recommends comes here.
"""

from __future__ import annotations

import fcntl
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ml.registry.addresses import is_absolute, make_relative

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlflow import MlflowClient

    from ml.settings import MlSettings

EXPERIMENT = "moovitamix-recommender"


@contextmanager
def tracking_client(settings: MlSettings) -> Iterator[MlflowClient]:
    """Yield a client of the tracking database; it is made first, by one process alone.

    Two that make it at once fail: its migrations know no lock. Raises `TrackingDamaged` and
    `TrackingOutdated`.
    """
    import mlflow

    from ml.registry.artifacts import DataFolderRepository
    from ml.registry.tracking_database import (
        close_replaced,
        file_of,
        remember_opened,
        require_sound,
    )

    url = settings.tracking_url
    path = None if url.startswith(("http://", "https://")) else file_of(url)
    DataFolderRepository.data_dir = settings.data_dir
    settings.mlflow_dir.mkdir(parents=True, exist_ok=True)
    with (settings.mlflow_dir / ".making.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        close_replaced(path)
        require_sound(settings)
        mlflow.set_tracking_uri(url)
        mlflow.set_registry_uri(url)
        client = mlflow.MlflowClient()
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is None:
            client.create_experiment(EXPERIMENT, settings.artifacts_url or None)
        elif is_absolute(experiment.artifact_location, settings):
            make_relative(settings, experiment.artifact_location)
        remember_opened(path)
    mlflow.set_experiment(EXPERIMENT)
    yield client


@contextmanager
def scratch(settings: MlSettings) -> Iterator[None]:
    """Keep temporary files in the data folder: a kill leaves them, and an erasure finds them."""
    folder, before = settings.temporary_dir, tempfile.tempdir
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def log_metrics(client: MlflowClient, run_id: str, figures: Mapping[str, float]) -> None:
    """Log all figures in one transaction: one by one they cost 70 ms each.

    Args:
        client: MLflow's client.
        run_id: MLflow's run.
        figures: Metrics by name.

    """
    import time

    from mlflow.entities import Metric

    at = int(time.time() * 1000)
    client.log_batch(
        run_id, metrics=[Metric(name, float(value), at, 0) for name, value in figures.items()]
    )
