"""What every kind of test may ask for."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One address for all data folders: dbt would parse the project anew for another one."""
    return tmp_path_factory.mktemp("home") / "data"


@pytest.fixture
def data_dir(data_home: Path) -> Path:
    """An empty data folder, but for what dbt remembers of parsing the project."""
    for path in data_home.iterdir() if data_home.exists() else ():
        if path.name != "dbt":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    data_home.mkdir(exist_ok=True)
    return data_home
