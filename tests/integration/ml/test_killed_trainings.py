"""kill -9 while a model is trained, or users are scored: the next run ends right."""

import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lake import batches
from ml.lifecycle.train import train
from ml.registry import registry
from ml.registry.tracking import EXPERIMENT, tracking_client
from ml.scoring.recommend import recommend
from ml.settings import MlSettings
from tests.integration.ml.test_training import settings_of
from tests.support.tastes import Tastes

SEED = 20_260_301
DEFAULT, ALL = 3, 30


@pytest.fixture(scope="module")
def after_training(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    """A data folder with a champion and its batch, only to be copied; and what each took."""
    data_dir = tmp_path_factory.mktemp("trained") / "data"
    Tastes().publish(data_dir / "marts.duckdb")
    took = {}
    for name in ("train", "score"):
        for _ in range(2):  # the first one imports
            began = time.monotonic()
            _do(name, _settings(data_dir))
            took[name] = time.monotonic() - began
    return data_dir, took


def _settings(data_dir: Path) -> MlSettings:
    return settings_of(data_dir, model="item-knn")


def _do(name: str, settings: MlSettings) -> None:
    if name == "train":
        train(settings, run_id=name)
    else:
        recommend(settings, name)


def _killed(name: str, settings: MlSettings, moment: float) -> None:
    child = os.fork()
    if not child:
        try:
            _do(name, settings)
        finally:
            os._exit(0)
    began = time.monotonic()
    while time.monotonic() - began < moment:
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@pytest.mark.parametrize(
    "number",
    [*range(DEFAULT), *(pytest.param(n, marks=pytest.mark.slow) for n in range(DEFAULT, ALL))],
)
def test_killed_at_a_random_moment_the_next_run_ends_right(
    after_training: tuple[Path, dict[str, float]], tmp_path: Path, number: int
) -> None:
    data_dir, took = tmp_path / "data", after_training[1]
    shutil.copytree(after_training[0], data_dir)
    settings = _settings(data_dir)
    name = "score" if number % 3 == 2 else "train"
    moment = random.Random(SEED + number).uniform(0, 1.1 * took[name])
    print(f"seed {SEED + number}: {name} killed after {moment:.2f} s of {took[name]:.2f} s")
    _killed(name, settings, moment)
    train(settings, run_id="next")
    recommend(settings, "next")
    _require_right(settings)


def _require_right(settings: MlSettings) -> None:
    """Require one champion, whole models and batches, and nothing that MLflow thinks under way."""
    champion = registry.champion(settings)
    known = registry.versions(settings)
    numbers = [row["model_version"] for row in batches.read(settings.lake_url, "models")]
    assert sorted(numbers) == sorted(known)
    for version in known.values():
        assert registry.load(settings, version).name == version.name
    with tracking_client(settings) as client:
        alias = client.get_model_version_by_alias(registry.NAME, registry.CHAMPION)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        assert experiment
        runs: list[Any] = client.search_runs([experiment.experiment_id])
    assert int(alias.version) == champion.number
    assert {run.info.status for run in runs} <= {"FINISHED", "KILLED"}
    files = sorted((Path(settings.lake_url) / "ml").rglob("*.parquet"))
    assert files
    assert all(pq.read_table(path).num_rows for path in files)
    newest = Path(settings.lake_url) / "ml" / "recommendations"
    batch = newest / f"model_version={champion.number}" / "run_id=next" / "batch.parquet"
    assert batch.exists()
