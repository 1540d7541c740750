"""A person is out of every registered model, and each is still the one that was registered."""

import os
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest

from ml.data.interactions import interactions
from ml.errors import DamagedModel
from ml.lifecycle import model_erasure
from ml.models.array_files import load, save
from ml.models.bundle import trained
from ml.models.hybrid import Hybrid
from ml.models.neighbourhood.ease import Ease
from ml.registry import registry
from ml.registry.tracking import tracking_client
from ml.settings import MlSettings
from tests.support.forgotten_models import require_same_answers_to_others

PERSON = 1_876_543_219
USERS = np.array([1, 2, PERSON, 4])
DAY = datetime(2026, 2, 1, 6)


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two registered models that know the person; not to be changed."""
    data_dir = tmp_path_factory.mktemp("registered") / "data"
    given = MlSettings(data_dir=data_dir)
    rows, columns = np.nonzero(np.random.default_rng(5).random((4, 30)) < 0.4)
    data = interactions(USERS, np.arange(10, 40), rows, columns, np.ones(len(rows)))
    for model in (Ease(regularization=5.0), Hybrid(no_components=4, epochs=2)):
        with tracking_client(given) as client:
            row = registry.log_model(client, trained(model, data, 1))
        dates = dict.fromkeys(("trained_at", "data_as_of", "cut_off"), DAY)
        registry.record(given, row | dates)
    return data_dir


@pytest.fixture
def models(registered: Path, tmp_path: Path) -> MlSettings:
    """The same in a separate folder: MLflow keeps a database open until its process ends."""
    copytree(registered, tmp_path / "data")
    return MlSettings(data_dir=tmp_path / "data")


def test_every_version_loses_the_person_and_answers_all_others_as_before(
    registered: Path, models: MlSettings
) -> None:
    assert model_erasure.forget(models, 1_234_567) == 0, "no user with that id"
    assert model_erasure.forget(models, PERSON) == 2
    require_same_answers_to_others(registered, models.data_dir, [1, 2])
    assert model_erasure.forget(models, PERSON) == 0


@pytest.mark.parametrize(
    "step", [3, 6, 11, *(pytest.param(step, marks=pytest.mark.slow) for step in range(1, 14))]
)
def test_killed_between_arrays_and_records_the_same_call_goes_on(
    registered: Path, models: MlSettings, step: int
) -> None:
    child = os.fork()
    if not child:
        done = 0

        def killing(change: Callable[..., Any]) -> Callable[..., Any]:
            def changed(*words: Any, **named: Any) -> Any:
                nonlocal done
                done += 1
                if done == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                return change(*words, **named)

            return changed

        Path.replace, Path.unlink = killing(Path.replace), killing(Path.unlink)  # type: ignore[method-assign]
        model_erasure._update_mlflow = killing(model_erasure._update_mlflow)
        try:
            model_erasure.forget(models, PERSON)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it came to its end"
    assert model_erasure.forget(models, PERSON) <= 2
    require_same_answers_to_others(registered, models.data_dir, [1, 2])
    assert not list(models.data_dir.rglob("*.tmp"))


def test_a_damaged_model_is_named_and_left_alone(models: MlSettings) -> None:
    path = models.data_dir / registry.versions(models)[1].path
    arrays = load(path)
    save(arrays | {"users": arrays["users"] + 1}, path)
    with pytest.raises(DamagedModel, match="its hash is"):
        model_erasure.forget(models, PERSON)
    assert load(path)["users"].tolist() == (USERS + 1).tolist()
