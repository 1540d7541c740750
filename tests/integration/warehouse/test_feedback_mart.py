"""Feedback from the lake to `fact_feedback`: once by its key, void once it is cleared."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.support.lake import Lake, Load, feedback, session, track
from tests.support.warehouse import Warehouse

ADA, BOB, STRANGER = 1, 2, 99
MODELS = ["dim_users", "dim_tracks", "fact_feedback"]
COLUMNS = "event_key, kind, user_id, track_id, load_id"


def day(number: int) -> datetime:
    return datetime(2026, 1, number, 6)


FIRST = Load(
    "1.1",
    day(10),
    tracks=[track(7, "Evening", "2026-01-02")],
    listen_history=[session(ADA, "2026-01-08", [7], "2026-01-08")],
    feedback=[
        feedback(1, "a", "like", ADA, 7),
        feedback(2, "b", "hide", BOB, 8),
        feedback(3, "c", "skip", STRANGER, 9),
    ],
)
REFUSED = Load("2.1", day(11), feedback=[feedback(4, "d", "like", BOB, 7)])
SECOND = Load(
    "3.1",
    day(12),
    feedback=[
        feedback(3, "c", "skip", STRANGER, 9),
        feedback(4, "d", "like", BOB, 7),
        feedback(5, "clear x", "clear", BOB),
        feedback(6, "b", "play", BOB, 7),
    ],
)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    lake = Lake(tmp_path)
    lake.add(FIRST)
    lake.land(REFUSED)
    lake.decide(REFUSED, "refused")
    warehouse = Warehouse(tmp_path)
    assert not warehouse.dbt("build").failed
    return warehouse


def test_an_event_counts_once_and_a_clear_voids_what_came_before(warehouse: Warehouse) -> None:
    query = f"select {COLUMNS} from fact_feedback order by event_id"
    first = [("a", "like", ADA, 7, "1.1"), ("c", "skip", STRANGER, 9, "1.1")]
    assert warehouse.rows(query) == [first[0], ("b", "hide", BOB, 8, "1.1"), first[1]]

    Lake(warehouse.data_dir, ["accepted", "refused"]).add(SECOND)
    assert not warehouse.dbt("build").failed
    expected = [
        *first,
        ("clear x", "clear", BOB, None, "3.1"),
        ("b", "play", BOB, 7, "3.1"),
    ]
    assert warehouse.rows(query) == expected
    incremental = warehouse.rows("select * from fact_feedback order by event_id")

    # a load that is accepted late changes nothing that was cleared since
    Lake(warehouse.data_dir, ["", "", ""]).decide(REFUSED, "accepted")
    assert not warehouse.dbt("build").failed
    assert warehouse.rows("select * from fact_feedback order by event_id") == incremental
    assert not warehouse.dbt("build", "--full-refresh", without_unit_tests=False).failed
    assert warehouse.rows("select * from fact_feedback order by event_id") == incremental
