from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from lake import log
from orchestration.monitoring.status import facts
from orchestration.run.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, lake_url=str(tmp_path / "lake"))


def test_a_run_whose_start_is_not_among_the_newest_days_is_told(settings: Settings) -> None:
    ended = datetime(2026, 3, 1, 21)
    row = {"run_id": "1", "command": "run", "event": "finished", "outcome": "failed", "at": ended}
    log.append(settings.lake_url, "runs", pa.Table.from_pylist([row]), ended.date())
    assert "began before" in dict(facts(settings))["last run"]


def test_a_torn_publication_is_told_in_one_line(settings: Settings) -> None:
    settings.marts_file.write_text("torn")
    published = dict(facts(settings))["published"]
    assert "can't be read" in published
    assert "\n" not in published
