"""What every kind of test may ask for."""

import gc
from pathlib import Path

import pytest

from tests.support.emptied import emptied

# As the command line does: dbt keeps a million objects, and to look at them is 12 % of a build.
gc.set_threshold(100_000, 50, 100)


@pytest.fixture(scope="session")
def data_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One address for all data folders: dbt would parse the project again for another one."""
    return tmp_path_factory.mktemp("home") / "data"


@pytest.fixture
def data_dir(data_home: Path) -> Path:
    """An empty data folder, but for what dbt remembers of parsing the project."""
    return emptied(data_home)
