"""Both engines make the same of one lake: every table, row by row, build after build."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.warehouse.test_marts import a_crowded_lake
from tests.spark.spark_marts import SparkMarts
from tests.support.lake import Lake, Load, session, track
from tests.support.warehouse import MARTS, Warehouse

pytestmark = [pytest.mark.spark, pytest.mark.timeout(3000)]

TABLES = (
    *(f"main.{name}" for name in MARTS),
    "staging.stg_ops__loads",
    "staging.int_sessions",
    "staging.int_track_versions",
    "staging.int_user_versions",
    "quarantine.listen_history",
    "quarantine.tracks",
    "quarantine.users",
)
DAY = datetime(2026, 1, 14)
ALONE = "2025-12-24"
"""A day with one session, which the last load empties: nothing rewrites its partition."""


def in_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: tuple(map(str, row)))


def require_the_same(warehouse: Warehouse, spark: SparkMarts, rows: int = 40) -> None:
    for table in TABLES:
        columns = ", ".join(name for name, *_ in warehouse.rows(f"describe {table}"))
        query = f"select {columns} from {table}"
        assert in_order(spark.rows(query)) == in_order(warehouse.rows(query)), table
    assert warehouse.rows("select count(*) from fact_listen_history") > [(rows,)]


def test_no_inferred_member_outlives_its_last_listen(data_dir: Path, spark: SparkMarts) -> None:
    lake, warehouse = Lake(data_dir), Warehouse(data_dir)
    ada = {"id": 1, "first_name": "Ada", "updated_at": datetime(2026, 1, 1)}
    unknown = session(9, "2026-01-02", [7], "2026-01-02")
    known = {"tracks": [track(5, "A", "2026-01-01")], "users": [ada]}
    heard = [session(1, "2026-01-01", [5], "2026-01-01")]
    increments = (
        Load("1.1", DAY, **known, listen_history=heard),
        Load("2.1", DAY, listen_history=[unknown]),
        Load("3.1", DAY, users=[ada | {"id": 9}]),
        Load("4.1", DAY, listen_history=[session(9, "2026-01-02", [], "2026-01-04")]),
    )
    inferred = []
    for load in increments:
        lake.add(load)
        warehouse.build()
        spark.build()
        require_the_same(warehouse, spark, rows=0)
        counts = "select (select count(*) from dim_{0} where is_inferred)"
        inferred.append([warehouse.rows(counts.format(dim))[0][0] for dim in ("tracks", "users")])
    assert inferred == [[0, 0], [1, 1], [1, 0], [0, 0]]


def test_every_table_is_the_same_on_both_engines_after_every_increment(
    data_dir: Path, spark: SparkMarts
) -> None:
    shutil.rmtree(data_dir / "dbt" / "unit_tests", ignore_errors=True)  # passed in another test
    lake, warehouse = Lake(data_dir), Warehouse(data_dir)
    loads = a_crowded_lake(seed=1)
    alone = Load("1600000000.5", DAY, listen_history=[session(9, ALONE, [7], ALONE)])
    emptied = Load("1900000000.5", DAY, listen_history=[session(9, ALONE, [], "2026-01-02")])
    refused = Load("1800000000.5", DAY, listen_history=[session(8, ALONE, [1], ALONE)])
    lake.land(refused)
    lake.decide(refused, "refused")
    torn = data_dir / "lake/raw/tracks/load_date=2026-01-10/1650000000.5.0a1b2c.parquet"

    for number, some in enumerate(([alone, *loads[:3]], loads[3:4], [*loads[4:], emptied])):
        lake.add(*some)
        torn.write_bytes(b"PAR1 and nothing more")
        warehouse.build()
        done = spark.build()
        assert done.is_full_refresh == (number == 0)
        assert (done.tests > 60) == (number == 0), "unit tests too, once"
        require_the_same(warehouse, spark)
        assert spark.rows("select status from ledger.state") == [("validated",)]
