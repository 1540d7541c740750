"""One lived day, which tests copy before they go on from it."""

from pathlib import Path

import pytest

from tests.emptied import emptied
from tests.end_to_end.installation import DAY_1, Installation


@pytest.fixture(scope="session")
def lived(data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Installation, str]:
    """Return an installation after its first `run`, only to be copied, and what it printed."""
    installation = Installation(emptied(data_home))
    told = installation.lives(DAY_1)
    return installation.copy(tmp_path_factory.mktemp("lived") / "data"), told


@pytest.fixture
def day_1(lived: tuple[Installation, str], data_dir: Path) -> Installation:
    """Return a copy of the installation after its first day."""
    return lived[0].copy(data_dir)
