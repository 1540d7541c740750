from datetime import datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from orchestration.run.error_messages import message_of
from orchestration.run.settings import Settings


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA_DIR", "LAKE_URL", "API_URL", "AS_OF"):
        monkeypatch.delenv(f"MOOVITAMIX_{name}", raising=False)


def test_paths_are_absolute_whatever_folder_a_command_is_called_from() -> None:
    settings = Settings()
    assert settings.data_dir == Path.cwd() / "data"
    assert settings.lake_url == str(Path.cwd() / "data" / "lake")
    assert settings.build_file == Path.cwd() / "data" / "build.duckdb"


@pytest.mark.parametrize("sign", "*?[#%")
def test_a_data_folder_that_would_break_patterns_or_urls_is_refused_in_one_line(
    tmp_path: Path, sign: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings(data_dir=tmp_path / f"my{sign}data")
    line = message_of(refusal.value)
    assert f"data has {sign} in it" in line
    assert "\n" not in line


def test_the_lake_moves_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOOVITAMIX_LAKE_URL", "s3://bucket/lake")
    assert Settings().lake_url == "s3://bucket/lake"
    monkeypatch.setenv("MOOVITAMIX_LAKE_URL", "elsewhere")
    assert Settings().lake_url == str(Path.cwd() / "elsewhere")


def test_the_environment_is_read_when_settings_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOOVITAMIX_API_URL", "http://one")
    one = Settings()
    monkeypatch.setenv("MOOVITAMIX_API_URL", "http://other")
    assert (one.api_url, Settings().api_url) == ("http://one", "http://other")


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-03-01", datetime(2026, 3, 1)),
        ("2026-03-01T21:00:00", datetime(2026, 3, 1, 21)),
        ("2026-03-01T21:00:00Z", datetime(2026, 3, 1, 21)),
        ("2026-03-01T23:00:00+02:00", datetime(2026, 3, 1, 21)),
    ],
)
def test_the_clock_is_utc_without_a_zone(
    monkeypatch: pytest.MonkeyPatch, value: str, instant: datetime
) -> None:
    monkeypatch.setenv("MOOVITAMIX_AS_OF", value)
    assert Settings().as_of == instant
