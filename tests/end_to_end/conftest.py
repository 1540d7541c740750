"""One lived day, which tests copy before they go on from it."""

from pathlib import Path

import pytest

from tests.end_to_end.installation import DAY_1, Installation


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Installation, str]:
    """Return a installation after its first `run`, not to be changed, and what that run printed."""
    installation = Installation(tmp_path_factory.mktemp("lived") / "data")
    return installation, installation.lives(DAY_1)


@pytest.fixture
def day_1(lived: tuple[Installation, str], tmp_path: Path) -> Installation:
    """Return a copy of the installation after its first day."""
    return lived[0].copy(tmp_path / "data")
