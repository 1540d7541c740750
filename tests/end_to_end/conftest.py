"""One lived day, which tests copy before they go on from it."""

from pathlib import Path

import pytest

from tests.end_to_end.warehouse import DAY_1, Warehouse


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Warehouse, str]:
    """Return a warehouse after its first `run`, not to be changed, and what that run printed."""
    warehouse = Warehouse(tmp_path_factory.mktemp("lived") / "data")
    return warehouse, warehouse.lives(DAY_1)


@pytest.fixture
def day_1(lived: tuple[Warehouse, str], tmp_path: Path) -> Warehouse:
    """Return a copy of the warehouse after its first day."""
    return lived[0].copy(tmp_path / "data")
