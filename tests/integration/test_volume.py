"""When the volume of a day warns, fails, or is nobody's business."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from ingestion.accept import accept_day
from ingestion.settings import IngestionSettings
from tests.lake import Lake, Load, session, track
from tests.warehouse import Warehouse

TODAY = datetime(2026, 3, 1)
USUAL = 1000
TEST = "listens_of_yesterday_are_as_usual"


def status(data_dir: Path, volumes: list[int]) -> str:
    """What the test says after days of so many listens, the last of them yesterday."""
    (data_dir / "build.duckdb").unlink(missing_ok=True)
    first = TODAY - timedelta(days=len(volumes))
    days = [(first + timedelta(days=day), volume) for day, volume in enumerate(volumes)]
    load = Load(
        "1.1",
        TODAY,
        tracks=[track(7, "A", "2026-01-02")],
        users=[{"id": 1, "first_name": "Ada", "updated_at": datetime(2026, 1, 2)}],
        listen_history=[
            session(1, day.isoformat(), [7] * volume, day.isoformat()) for day, volume in days
        ],
    )
    Lake(data_dir).add(load)
    return Warehouse(data_dir).dbt("build").statuses[TEST]


@pytest.mark.parametrize(
    ("yesterday", "expected"),
    [
        (USUAL, "pass"),
        (600, "pass"),
        (450, "warn"),
        (2 * USUAL, "warn"),
        (4 * USUAL, "fail"),
        (50, "fail"),
        (0, "fail"),
    ],
)
def test_yesterday_is_judged_by_the_days_before(
    yesterday: int, expected: str, data_dir: Path
) -> None:
    assert status(data_dir, [USUAL] * 40 + [yesterday]) == expected


def test_a_quiet_week_is_no_alarm(data_dir: Path) -> None:
    assert status(data_dir, [USUAL] * 40 + [600] * 7) == "pass"


def test_a_weekday_is_compared_with_its_own_kind(data_dir: Path) -> None:
    week = [USUAL, USUAL, USUAL, USUAL, USUAL, 4000, 4000]
    assert status(data_dir, week * 8) == "pass"
    assert status(data_dir, week * 7 + week[:-1] + [USUAL]) == "warn"


@pytest.mark.parametrize("volumes", [[0], [USUAL], [USUAL] * 7 + [0]])
def test_a_young_app_is_not_judged(volumes: list[int], data_dir: Path) -> None:
    assert status(data_dir, volumes) == "pass"


def test_a_handful_of_listens_is_never_odd(data_dir: Path) -> None:
    assert status(data_dir, [20] * 40 + [0]) == "pass"


def test_a_day_that_a_person_accepted_is_no_fault(data_dir: Path) -> None:
    settings = IngestionSettings(data_dir=data_dir)
    accept_day(settings, date(2026, 2, 28), "the app was down", "r")
    assert status(data_dir, [USUAL] * 40 + [0]) == "pass"
