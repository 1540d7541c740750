"""How the source is set."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.source.settings import SourceSettings


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOOVITAMIX_DATA_DIR", "MOOVITAMIX_SOURCE_USERS", "MOOVITAMIX_SOURCE_AS_OF"):
        monkeypatch.delenv(name, raising=False)


def test_sizes_are_not_asked_for_by_default() -> None:
    settings = SourceSettings()

    assert (settings.seed, settings.users, settings.tracks, settings.days) == (None,) * 4
    assert settings.folder == Path.cwd() / "data" / "source"


def test_the_environment_is_read_when_settings_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOOVITAMIX_DATA_DIR", "elsewhere")
    monkeypatch.setenv("MOOVITAMIX_SOURCE_USERS", "50")

    settings = SourceSettings()

    assert settings.folder == Path.cwd() / "elsewhere" / "source"
    assert settings.users == 50
    assert SourceSettings(users=60).users == 60


def test_a_clock_with_a_zone_is_turned_to_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOOVITAMIX_SOURCE_AS_OF", "2026-11-22T21:00:00+02:00")

    assert SourceSettings().as_of == datetime(2026, 11, 22, 19)


def test_a_catalogue_that_can_not_hold_every_genre_is_refused() -> None:
    with pytest.raises(ValidationError):
        SourceSettings(tracks=10)
