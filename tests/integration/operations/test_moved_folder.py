"""A data folder may be moved, copied and mounted: its models go with it, and stay in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from shutil import copytree
from typing import TYPE_CHECKING

import mlflow  # noqa: TID251
import numpy as np
import pytest

from ml.data.interactions import interactions
from ml.lifecycle import model_erasure
from ml.models.bundle import trained
from ml.models.neighbourhood.ease import Ease
from ml.registry import registry
from ml.registry.tracking import EXPERIMENT, tracking_client
from ml.settings import MlSettings

if TYPE_CHECKING:
    from pathlib import Path

USERS = np.array([1, 2, 3])
DAY = datetime(2026, 2, 1, 6)
ADDRESSES = (
    "select artifact_location from experiments where name = 'moovitamix-recommender'"
    " union all select artifact_uri from runs"
    " union all select artifact_location from logged_models"
    " union all select storage_location from model_versions"
)
Tree = dict[str, bytes]


def _registers(data_dir: Path, ridge: float) -> int:
    """Register one more model in a data folder, as a training does."""
    given = MlSettings(data_dir=data_dir)
    rows, columns = np.nonzero(np.random.default_rng(5).random((3, 30)) < 0.4)
    data = interactions(USERS, np.arange(10, 40), rows, columns, np.ones(len(rows)))
    bundle = trained(Ease(regularization=ridge), data, 1)
    with tracking_client(given) as client, mlflow.start_run():
        row = registry.log_model(client, bundle)
    dates = dict.fromkeys(("trained_at", "data_as_of", "cut_off"), DAY)
    registry.record(given, row | dates)
    return int(row["model_version"])


def _tree(folder: Path) -> Tree:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _addresses(data_dir: Path) -> list[str]:
    with closing(sqlite3.connect(data_dir / "mlflow" / "mlflow.db")) as database:
        return [address for (address,) in database.execute(ADDRESSES)]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one registered model, only to be copied."""
    data_dir = tmp_path_factory.mktemp("original") / "data"
    assert _registers(data_dir, 5) == 1
    return data_dir


def test_nothing_of_a_model_says_where_the_data_folder_lies(original: Path) -> None:
    addresses = _addresses(original)
    assert len(addresses) >= 4
    assert all(address.startswith("data-folder:/mlflow/artifacts") for address in addresses)
    assert not [name for name, content in _tree(original).items() if bytes(original) in content]


@pytest.mark.parametrize("name", ["moved", "user_id=5/model_version=7/it's {{ 1 }} $HOME; é"])
def test_a_moved_folder_goes_on_where_it_is_now(original: Path, tmp_path: Path, name: str) -> None:
    former, present = tmp_path / "former", tmp_path / name
    copytree(original, former)
    assert _registers(former, 6) == 2
    present.parent.mkdir(parents=True, exist_ok=True)
    former.rename(present)
    assert _registers(present, 7) == 3
    assert not former.exists()
    settings = MlSettings(data_dir=present)
    versions = registry.versions(settings)
    assert sorted(versions) == [1, 2, 3]
    for version in versions.values():
        assert registry.load(settings, version).users.tolist() == [1, 2, 3]
    assert len(list(present.rglob("factors.npz"))) == 3
    assert model_erasure.forget(settings, 2) == 3


def test_a_copy_and_its_original_are_two(original: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    copytree(original, first)
    copytree(first, second)
    before = _tree(first)
    assert _registers(second, 6) == 2
    assert model_erasure.forget(MlSettings(data_dir=second), 2) == 2
    assert _tree(first) == before
    after = _tree(second)
    assert _registers(first, 7) == 2
    assert _tree(second) == after


def test_a_folder_that_was_written_with_absolute_addresses_loses_them(
    original: Path, tmp_path: Path
) -> None:
    data_dir, former = tmp_path / "data", "file:///former/a%20b/mlflow/artifacts"
    copytree(original, data_dir)
    with closing(sqlite3.connect(data_dir / "mlflow" / "mlflow.db")) as database, database:
        for table, column in (
            ("experiments", "artifact_location"),
            ("runs", "artifact_uri"),
            ("logged_models", "artifact_location"),
            ("model_versions", "storage_location"),
        ):
            database.execute(
                f"update {table} set {column} = replace({column}, ?, ?)",
                ("data-folder:/mlflow/artifacts", former),
            )
    assert any(address.startswith(former) for address in _addresses(data_dir))
    with tracking_client(MlSettings(data_dir=data_dir)) as client:
        assert registry.arrays_of(client, 1).startswith(str(data_dir))
        found = client.get_experiment_by_name(EXPERIMENT)
        assert found
        assert found.artifact_location == "data-folder:/mlflow/artifacts"
    assert sorted(_addresses(data_dir)) == sorted(_addresses(original))


def test_the_registry_of_a_stack_is_the_one_of_the_folder_it_is_in(tmp_path: Path) -> None:
    """The record names a socket; in a copy that is the socket of the original's server."""
    data_dir = tmp_path / "copy"
    server = data_dir / "airflow" / "postgres"
    server.mkdir(parents=True)
    settings = MlSettings(data_dir=data_dir)
    settings.mlflow_dir.mkdir()
    url = "postgresql+psycopg2://postgres@/mlflow?host="
    here = f"{url}{server}"
    for address in ("/original/airflow/postgres", "/tmp/moovitamix-pg-7-ab"):
        settings.registry_file.write_text(f"{url}{address}")
        (server / "postmaster.pid").unlink(missing_ok=True)
        assert settings.tracking_url == here
        (server / "postmaster.pid").write_text(
            f"1\n/original/airflow/postgres\n2\n5432\n{address}\n"
        )
        assert settings.tracking_url == here
        (server / "postmaster.pid").write_text(f"1\n{server}\n2\n5432\n/tmp/moovitamix-pg-8-x\n")
        assert settings.tracking_url == f"{url}/tmp/moovitamix-pg-8-x"
    settings.registry_file.write_text(f"{url}/run/postgresql")
    assert settings.tracking_url == f"{url}/run/postgresql"
