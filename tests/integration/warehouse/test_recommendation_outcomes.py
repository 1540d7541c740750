"""What was listened to of what was recommended: late listens count, and rates have intervals."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from scipy.stats import binomtest

from lake import batches
from lake.schemas import ML
from tests.support.lake import Lake, Load, session, track
from tests.support.warehouse import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

DAY = datetime(2026, 1, 10, 21)
TRACKS = range(1, 8)
RECOMMENDATIONS = ("--selector", "recommendations")
COLUMNS = "day, ranks, within_days, shown, listened, is_complete"
FIRST = Load(
    "1.1",
    DAY,
    tracks=[track(one, "A", "2026-01-02") | {"artist": "Ada"} for one in TRACKS],
    users=[{"id": one, "first_name": "Ada", "updated_at": datetime(2026, 1, 2)} for one in (1, 2)],
    listen_history=[session(1, "2026-01-09", [7], "2026-01-09")],
)
SECOND = Load(
    "2.1",
    DAY + timedelta(days=8),
    listen_history=[
        session(1, "2026-01-11", [1, 7, 2], "2026-01-11"),
        session(2, "2026-01-14", [3], "2026-01-14"),
    ],
)
# A listen that came a week late, and one that says that a first listen was none.
LATE = Load(
    "3.1",
    DAY + timedelta(days=9),
    listen_history=[
        session(2, "2026-01-11", [4], "2026-01-11"),
        session(1, "2026-01-08", [2], "2026-01-08"),
    ],
)


def test_late_listens_change_outcomes_as_a_rebuild_would(data_dir: Path) -> None:
    lake, warehouse = Lake(data_dir), Warehouse(data_dir)
    lake.add(FIRST)
    warehouse.build()
    warehouse.build(*RECOMMENDATIONS)
    assert warehouse.rows("from recommendation_outcomes") == []

    _write(data_dir, "a", DAY)
    lake.add(SECOND)
    warehouse.build()
    warehouse.build(*RECOMMENDATIONS)
    assert _outcomes(warehouse) == [
        (DAY.date(), "01", 1, 2, 1, True),
        (DAY.date(), "01", 7, 2, 1, True),
        (DAY.date(), "01", 28, 2, 1, False),
        (DAY.date(), "02-03", 1, 4, 1, True),
        (DAY.date(), "02-03", 7, 4, 2, True),
        (DAY.date(), "02-03", 28, 4, 2, False),
        (DAY.date(), "04-10", 1, 8, 0, True),
        (DAY.date(), "04-10", 7, 8, 0, True),
        (DAY.date(), "04-10", 28, 8, 0, False),
    ]

    lake.add(LATE)
    warehouse.build()
    warehouse.build(*RECOMMENDATIONS)
    counts = "select ranks, listened from recommendation_outcomes where within_days = 7 order by 1"
    assert warehouse.rows(counts) == [("01", 1), ("02-03", 1), ("04-10", 1)]
    after_increments = _outcomes(warehouse)
    warehouse.build("--full-refresh")
    warehouse.build(*RECOMMENDATIONS, "--full-refresh")
    assert _outcomes(warehouse) == after_increments

    rates = "select listened, shown, rate, rate_low, rate_high from"
    for mart in ("recommendation_outcomes", "recommendation_rates"):
        found = warehouse.rows(f"{rates} {mart}")
        assert found
        for listened, shown, rate, low, high in found:
            interval = binomtest(listened, shown).proportion_ci(method="wilson")
            assert (rate, low, high) == pytest.approx((listened / shown, *interval), abs=1e-12)
    all_ranks = "from recommendation_rates where strategy is null and ranks is null"
    assert warehouse.rows(f"select within_days, shown, listened {all_ranks} order by 1") == [
        (1, 14, 2),
        (7, 14, 3),
    ]


def _outcomes(warehouse: Warehouse) -> list[tuple[date | str | int | bool, ...]]:
    return warehouse.rows(f"select {COLUMNS} from recommendation_outcomes order by all")


def _write(data_dir: Path, run_id: str, made_at: datetime) -> None:
    """Write a batch of the first version: all tracks for both users, in the order of their ids."""
    rows = [
        {
            "user_id": user,
            "rank": track_id,
            "track_id": track_id,
            "score": 1.0,
            "strategy": "model",
            "model_version": 1,
            "run_id": run_id,
            "data_as_of": made_at,
            "made_at": made_at,
        }
        for user in (1, 2)
        for track_id in TRACKS
    ]
    columns = ML["recommendations"]
    folder = f"model_version=1/run_id={run_id}"
    table = pa.Table.from_pylist(rows, columns)
    batches.write_batch(str(data_dir / "lake"), "recommendations", folder, columns, iter([table]))
