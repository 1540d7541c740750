"""A run on an imported world: its clock stands still, and old listens are no fault."""

from datetime import datetime
from pathlib import Path

import pytest

from orchestration.cli.daily import _with_source
from orchestration.run.settings import Settings

AS_OF = datetime(2026, 3, 1)


@pytest.mark.parametrize(
    ("world", "limit", "quiet_hours"),
    [(None, None, None), (Path("world"), None, 0), (Path("world"), "72", 72)],
)
def test_a_world_may_be_quiet_unless_a_limit_is_set(
    monkeypatch: pytest.MonkeyPatch, world: Path | None, limit: str | None, quiet_hours: int | None
) -> None:
    if limit:
        monkeypatch.setenv("MOOVITAMIX_QUIET_HOURS", limit)
    settings = _with_source(Settings(as_of=AS_OF), world)
    assert settings.quiet_hours == quiet_hours
    assert settings.as_of == AS_OF


def test_the_clock_of_a_run_stands_still_under_the_pull() -> None:
    assert _with_source(Settings(), None).as_of is not None
