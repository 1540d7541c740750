"""All rooms find the same data folder and lake, whatever else the environment has."""

from pathlib import Path

import pytest

from api.serving.settings import ServingSettings
from api.source.settings import SourceSettings
from ingestion.settings import IngestionSettings
from lake.locations import Locations
from ml.settings import MlSettings
from orchestration.run.settings import Settings

ROOMS = [Settings, IngestionSettings, MlSettings, ServingSettings, SourceSettings]


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_reads_the_same_two_variables(
    room: type[Locations], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MOOVITAMIX_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "of another program"))
    monkeypatch.setenv("LAKE_URL", "memory://another")
    assert room().data_dir == tmp_path / "data"
    assert room().lake_url == str(tmp_path / "data" / "lake")
    assert room(data_dir=tmp_path).lake_url == str(tmp_path / "lake")
    monkeypatch.setenv("MOOVITAMIX_LAKE_URL", "memory://elsewhere/")
    assert room().lake_url == "memory://elsewhere"
