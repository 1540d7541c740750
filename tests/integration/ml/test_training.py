"""A training: repeatable, registered without any pickle, and due when it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lake import batches
from ml.errors import NothingToLearnFrom, TooFewListens
from ml.lifecycle.due import due
from ml.lifecycle.train import train
from ml.models.blend import Blend
from ml.models.second_stage.reranked import Reranked
from ml.registry import registry
from ml.settings import MlSettings
from tests.support.tastes import Tastes

if TYPE_CHECKING:
    from pathlib import Path

    from ml.lifecycle.train import Training
    from ml.models.model import Model

PICKLE = b"\x80\x04"
"""How a pickle of any protocol that Python 3 writes by itself begins, up to its number."""


def settings_of(data_dir: Path, **given: object) -> MlSettings:
    values: dict[str, Any] = {"model": "lightfm", "min_listens": 100} | given
    return MlSettings(data_dir=data_dir, lake_url=str(data_dir / "lake"), **values)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("training") / "data"
    Tastes().publish(data_dir / "marts.duckdb")
    return data_dir


@pytest.fixture(scope="module")
def trainings(data_dir: Path) -> list[Training]:
    """The same training twice."""
    return [train(settings_of(data_dir), run_id=str(number)) for number in range(2)]


def test_the_same_data_and_seed_make_the_same_model_which_is_promoted_once(
    trainings: list[Training],
) -> None:
    first, second = trainings
    assert first.model_hash == second.model_hash
    assert (first.version, second.version) == (1, 2)
    assert [one.decision.is_promoted for one in trainings] == [True, False]


def test_no_pickle_is_written_anywhere(data_dir: Path, trainings: list[Training]) -> None:
    assert trainings
    written = [path for path in data_dir.rglob("*") if path.is_file()]
    assert any(path.suffix == ".npz" for path in written)
    assert not [path for path in written if path.suffix in {".pkl", ".pickle", ".joblib", ".pt"}]
    assert not [path for path in written if path.read_bytes()[:2] in {PICKLE, b"\x80\x05"}]


def test_a_registered_model_is_told_of_in_the_lake_and_read_back_by_its_hash(
    data_dir: Path, trainings: list[Training]
) -> None:
    settings = settings_of(data_dir)
    known = registry.versions(settings)
    assert [one.model_hash for one in known.values()] == [one.model_hash for one in trainings]
    assert registry.load(settings, known[1]).name == "lightfm"
    assert not known[1].path.startswith("/"), "the data folder can be moved"


def test_after_a_training_none_is_due_until_the_cadence_or_until_people_change(
    data_dir: Path, trainings: list[Training], tmp_path: Path
) -> None:
    assert trainings
    settings = settings_of(data_dir)
    assert due(settings, "a").why == "not due: weekly, and the newest training is 0 h old"
    rows = batches.read(settings.lake_url, "drift")
    assert {row["run_id"] for row in rows} == {"a"}
    assert len(rows) == 4
    assert not any(row["is_beyond"] for row in rows)

    Tastes(groups=2, version=2).publish(data_dir / "marts.duckdb")
    moved = due(settings, "b")
    assert moved.is_due
    assert moved.why.startswith("drift: PSI of favourite genre")
    rows = [row for row in batches.read(settings.lake_url, "drift") if row["run_id"] == "b"]
    assert any(row["is_beyond"] for row in rows)

    with pytest.raises(NothingToLearnFrom):
        due(settings_of(tmp_path))


def test_without_enough_listens_nothing_is_trained(data_dir: Path) -> None:
    with pytest.raises(TooFewListens, match="are needed to train"):
        train(settings_of(data_dir, min_listens=10**6))


def test_a_training_leaves_the_telling_to_the_run(
    data_dir: Path,
    trainings: list[Training],
    capfd: pytest.CaptureFixture[str],
    recwarn: pytest.WarningsRecorder,
) -> None:
    capfd.readouterr()
    assert train(settings_of(data_dir)).version == len(trainings) + 1
    assert capfd.readouterr() == ("", "")
    assert not [one.message for one in recwarn if "mlflow" in str(one.filename)]


def test_a_warm_training_keeps_the_champions_settings_and_compares_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Tastes().publish(tmp_path / "marts.duckdb")
    settings = settings_of(tmp_path, model="blend", warm_start=True)
    first = train(settings)
    assert first.decision.is_promoted, "without a learned champion all settings are compared"
    monkeypatch.setattr("ml.lifecycle.train.search", lambda *_, **__: pytest.fail("it searched"))
    warm = [train(settings) for _ in range(2)]
    assert warm[0].model_hash == warm[1].model_hash
    known = registry.versions(settings)
    champion, kept = (_parts(registry.load(settings, known[one]).model) for one in (1, 2))
    assert kept
    assert kept.items() <= champion.items()


def _parts(model: Model) -> dict[str, dict[str, float]]:
    """Return the settings of each part of a blend."""
    blend = model.blend if isinstance(model, Reranked) else model
    assert isinstance(blend, Blend)
    return {part.name: part.settings() for part in blend.parts}
