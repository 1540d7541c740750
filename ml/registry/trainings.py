"""The lock of trainings: one at a time in a data folder; runs of killed ones are ended in MLflow.

A run that is killed stays `RUNNING` in MLflow, which can't know better. Here the kernel does: a
training holds a lock (`flock`) until it ends, in a file that names its run in MLflow. A
process that holds the lock and finds a name in it has found the run of a killed training.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lake import batches
from ml.errors import TrainingUnderWay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient

    from ml.settings import MlSettings

LOCK, _PARENT = ".training.lock", "mlflow.parentRunId"
_LONGEST_RECORD = 4096


class Place:
    """The held lock of a data folder's trainings; its file names the present run in MLflow."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def interrupted(self) -> str | None:
        """Return MLflow's id of the run that a killed training left; None where none did."""
        try:
            record = json.loads(os.pread(self._descriptor, _LONGEST_RECORD, 0))
            return str(record["mlflow_run_id"])
        except (ValueError, LookupError, TypeError):
            return None

    def write(self, mlflow_run_id: str | None) -> None:
        """Write which run is under way, or that none is."""
        os.ftruncate(self._descriptor, 0)
        if mlflow_run_id:
            text = json.dumps({"mlflow_run_id": mlflow_run_id, "pid": os.getpid()})
            os.pwrite(self._descriptor, text.encode(), 0)


@contextmanager
def held(settings: MlSettings) -> Iterator[Place]:
    """Hold the place of a data folder's one training; raise `TrainingUnderWay` if it is taken."""
    settings.mlflow_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(settings.mlflow_dir / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrainingUnderWay(settings.mlflow_dir) from error
        yield Place(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def under_way(settings: MlSettings, run_id: str) -> Iterator[tuple[MlflowClient, str]]:
    """Track one training: yield MLflow's client and the id of its run, which is under way.

    What killed trainings left is ended first. Raises `TrainingUnderWay`, `TrackingDamaged`.
    """
    import mlflow

    from ml.registry.tracking import tracking_client

    with held(settings) as place, tracking_client(settings) as client:
        end_left(settings, client, place)
        with mlflow.start_run(run_name=run_id or None) as run:
            place.write(run.info.run_id)
            yield client, run.info.run_id
        place.write(None)


def end_killed(settings: MlSettings) -> int:
    """End in MLflow the run of a training that was killed; return how many runs that are.

    Costs nothing where none was. A running training holds the lock, and is left alone.
    """
    record = settings.mlflow_dir / LOCK
    if not record.exists() or not record.stat().st_size:
        return 0
    from ml.registry.tracking import tracking_client

    try:
        with held(settings) as place, tracking_client(settings) as client:
            return end_left(settings, client, place)
    except TrainingUnderWay:
        return 0


def end_left(settings: MlSettings, client: MlflowClient, place: Place) -> int:
    """End as `KILLED` what runs of this lake MLflow believes to be under way; none is.

    They are known by the record of the place, or by the run of ours that they are named for; with
    each go the runs inside it. Runs of others in the same experiment are left alone.

    Args:
        settings: Where the data folder, the lake and the registry are.
        client: MLflow's client.
        place: The held lock of a data folder's trainings.

    """
    from ml.registry.tracking import EXPERIMENT

    experiment = client.get_experiment_by_name(EXPERIMENT)
    running = (
        client.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'")
        if experiment
        else []
    )
    names = {row["run_id"] for row in batches.read(settings.lake_url, "runs")} if running else set()
    interrupted = place.interrupted()
    dead = {one.info.run_id for one in running if one.info.run_id == interrupted}
    dead |= {one.info.run_id for one in running if one.info.run_name in names}
    dead |= {one.info.run_id for one in running if one.data.tags.get(_PARENT) in dead}
    for run_id in sorted(dead):
        client.set_terminated(run_id, "KILLED")
    place.write(None)
    return len(dead)
