"""MLflow's database torn, empty or old, and trainings that were killed: reported, mended, ended."""

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lake import batches
from ml.errors import TrackingDamaged, TrackingOutdated, TrainingUnderWay
from ml.lifecycle.train import train
from ml.registry import registry
from ml.registry.tracking import EXPERIMENT, tracking_client
from ml.registry.tracking_database import damage_of, require_sound
from ml.registry.trainings import LOCK, end_killed, held, under_way
from ml.settings import MlSettings
from tests.integration.ml.test_training import settings_of
from tests.support.tastes import Tastes

Tear = Callable[[Path], object]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one version, only to be copied."""
    data_dir = tmp_path_factory.mktemp("tracked") / "data"
    Tastes().publish(data_dir / "marts.duckdb")
    train(settings_of(data_dir, model="popularity"), run_id="first")
    return data_dir


@pytest.fixture
def data_dir(trained: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "data"
    os.system(f"cp -r '{trained}' '{copy}'")
    return copy


def _database(data_dir: Path) -> Path:
    return data_dir / "mlflow" / "mlflow.db"


def _as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("tear", "why"),
    [
        (lambda path: os.truncate(path, path.stat().st_size // 2), "its end is missing"),
        (lambda path: os.truncate(path, path.stat().st_size - 5), "its end is missing"),
        (lambda path: path.write_bytes(random.Random(1).randbytes(9_000)), "no SQLite database"),
        (_as_folder, "is a folder"),
    ],
    ids=["half", "five bytes short", "garbage", "a folder"],
)
def test_a_damaged_database_is_named_with_what_to_do(data_dir: Path, tear: Tear, why: str) -> None:
    tear(_database(data_dir))
    with pytest.raises(TrackingDamaged, match=rf"mlflow\.db can't be used .*{why}") as refusal:
        train(settings_of(data_dir, model="popularity"))
    assert "back from a backup" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    registry.load(settings_of(data_dir), registry.versions(settings_of(data_dir))[1])


@pytest.mark.parametrize("tear", [lambda path: os.truncate(path, 0), Path.unlink])
def test_a_database_that_is_lost_is_made_again_and_no_number_given_twice(
    data_dir: Path, tear: Tear
) -> None:
    tear(_database(data_dir))
    settings = settings_of(data_dir, model="popularity")
    assert train(settings).version == 2
    with tracking_client(settings) as client:
        again = client.get_model_version(registry.NAME, "1")
        assert registry.arrays_of(client, 1).endswith("factors.npz")
    known = registry.versions(settings)
    assert again.tags["model_hash"] == known[1].model_hash
    assert sorted(known) == [1, 2]


def test_a_database_of_an_older_mlflow_is_brought_up_to_date(data_dir: Path) -> None:
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config  # noqa: TID251
    from sqlalchemy import create_engine

    path = _database(data_dir)
    url = f"sqlite:///{path}"
    newest = _revision(path)
    engine = create_engine(url)
    config = _get_alembic_config(url)  # type: ignore[no-untyped-call]
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
    engine.dispose()
    assert _revision(path) != newest
    require_sound(settings_of(data_dir))
    assert _revision(path) == newest
    assert damage_of(path) is None
    with tracking_client(settings_of(data_dir)) as client:
        assert int(client.get_model_version(registry.NAME, "1").version) == 1
    assert [one for one in path.parent.iterdir() if "draft" in one.name] == []


def test_a_database_of_a_newer_mlflow_is_named(data_dir: Path) -> None:
    with closing(sqlite3.connect(_database(data_dir))) as database, database:
        database.execute("update alembic_version set version_num = 'beyond'")
    with pytest.raises(TrackingOutdated, match="a newer MLflow: use the MLflow that made it"):
        require_sound(settings_of(data_dir))


def _revision(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        (revision,) = database.execute("select version_num from alembic_version").fetchone()
    return str(revision)


def _statuses(data_dir: Path) -> dict[str, str]:
    with tracking_client(settings_of(data_dir)) as client:
        experiment = client.get_experiment_by_name(EXPERIMENT)
        assert experiment
        runs = client.search_runs([experiment.experiment_id])
    return {run.info.run_name: run.info.status for run in runs}


def _left_by_a_kill(data_dir: Path, run_id: str) -> None:
    """Leave what a kill leaves: a child process that ends without a word in its training."""
    child = os.fork()
    if not child:
        with under_way(settings_of(data_dir), run_id):
            import mlflow  # noqa: TID251

            mlflow.start_run(run_name=f"{run_id} trial", nested=True)
            os._exit(9)
    os.waitpid(child, 0)


def test_a_training_that_was_killed_is_ended_by_the_next(data_dir: Path) -> None:
    _left_by_a_kill(data_dir, "killed")
    assert _statuses(data_dir)["killed"] == "RUNNING"
    train(settings_of(data_dir, model="popularity"), run_id="next")
    statuses = _statuses(data_dir)
    assert statuses["killed"] == statuses["killed trial"] == "KILLED"
    assert statuses["first"] == statuses["next"] == "FINISHED"


def test_a_run_that_trains_nothing_ends_it_too_and_once(data_dir: Path) -> None:
    assert end_killed(settings_of(data_dir)) == 0
    _left_by_a_kill(data_dir, "killed")
    assert end_killed(settings_of(data_dir)) == 2
    assert _statuses(data_dir)["killed"] == "KILLED"
    assert (data_dir / "mlflow" / LOCK).read_bytes() == b""
    assert end_killed(settings_of(data_dir)) == 0


def test_one_that_was_left_before_trainings_were_noted_is_known_by_its_name(data_dir: Path) -> None:
    _left_by_a_kill(data_dir, "old")
    (data_dir / "mlflow" / LOCK).write_bytes(b"")
    _left_by_a_kill_of_somebody_else(data_dir)
    row = {"run_id": "old"}
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = data_dir / "lake" / "ops" / "runs" / "day=2026-03-01"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist([row]), folder / "a.parquet")
    assert batches.read(str(data_dir / "lake"), "runs") == [row]
    train(settings_of(data_dir, model="popularity"))
    statuses = _statuses(data_dir)
    assert statuses["old"] == statuses["old trial"] == "KILLED"
    assert statuses["a notebook's"] == "RUNNING"


def _left_by_a_kill_of_somebody_else(data_dir: Path) -> None:
    with tracking_client(settings_of(data_dir)) as client:
        experiment = client.get_experiment_by_name(EXPERIMENT)
        assert experiment
        client.create_run(experiment.experiment_id, run_name="a notebook's")


def test_a_training_under_way_is_never_ended(data_dir: Path) -> None:
    settings = settings_of(data_dir)
    with under_way(settings, "running"):
        child = os.fork()
        if not child:
            os._exit(end_killed(settings))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert _statuses(data_dir)["running"] == "RUNNING"
        with pytest.raises(TrainingUnderWay), held(settings):
            pass
    assert _statuses(data_dir)["running"] == "FINISHED"


def test_a_database_that_took_the_place_of_another_is_the_one_that_is_written(
    tmp_path: Path,
) -> None:
    settings = MlSettings(data_dir=tmp_path / "data")
    with tracking_client(settings) as client:
        client.create_registered_model("of the first")
    (tmp_path / "data").rename(tmp_path / "former")
    for name in ("of the second", "of the third"):
        with tracking_client(settings) as client:
            client.create_registered_model(name)
    with tracking_client(settings) as client:
        assert {one.name for one in client.search_registered_models()} == {
            "of the second",
            "of the third",
        }
    with tracking_client(MlSettings(data_dir=tmp_path / "former")) as client:
        assert {one.name for one in client.search_registered_models()} == {"of the first"}
