"""The first day works like any other, and so does a day on which nothing happens."""

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.run.settings import ROOT
from tests.support.checksums import checksums
from tests.support.installation import Installation

RECORDS = {
    "tracks": "select 1 as id, 'Song' as name, 'Band' as artist, 'Someone' as songwriters,"
    " '03:20' as duration, 'Rock' as genres, 'Album' as album,"
    " timestamp '2026-03-02 10:00' as created_at, timestamp '2026-03-02 10:00' as updated_at",
    "users": "select 7 as id, 'Ada' as first_name, 'Byron' as last_name, 'a@example.org' as email,"
    " 'Female' as gender, 'Rock' as favorite_genres,"
    " timestamp '2026-03-02 10:00' as created_at, timestamp '2026-03-02 10:00' as updated_at",
    "listen_history": "select 7 as user_id, [1, 1, 2] as items,"
    " timestamp '2026-03-02 11:00' as created_at, timestamp '2026-03-02 12:00' as updated_at",
}


@pytest.fixture
def world(tmp_path: Path) -> dict[str, str]:
    """Return the settings of an app that has nothing on March 1st, and nothing new on the 3rd."""
    folder = tmp_path / "world"
    folder.mkdir()
    for table, record in RECORDS.items():
        duckdb.sql(record).write_parquet(str(folder / f"{table}.parquet"))
    return {"MOOVITAMIX_SOURCE_WORLD": str(folder)}


def test_dbt_alone_builds_before_any_ingest(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "data")
    installation.data_dir.mkdir()
    dbt = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "build", "--project-dir", "dbt_project"],
        cwd=ROOT,
        env=installation.environment()
        | {"DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path / "logs")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert dbt.returncode == 0, dbt.stdout
    assert "version 1" in installation.does("publish")
    assert installation.ask("from fact_listen_history") == []


def test_a_day_without_anything_yet_and_a_day_without_anything_new(
    data_dir: Path, world: dict[str, str]
) -> None:
    installation = Installation(data_dir, world)
    shutil.rmtree(data_dir / "dbt" / "unit_tests", ignore_errors=True)  # passed in another test
    installation.does("simulate", "--days", "3", "--from", "2026-03-01")
    done = sorted(
        (row for row in installation.ops("steps") if row["event"] == "finished"),
        key=lambda row: str(row["at"]),
    )
    assert [row["rows"] for row in done if row["step"] == "ingest"] == [0, 3, 0]
    first, second, third = (row["rows"] for row in done if row["step"] == "publish")
    assert first == 0
    assert second == third
    assert installation.ask("select version, len(load_ids) from publication") == [(3, 1)]
    assert installation.ask(
        "select user_id, track_id, session_position, is_inferred"
        " from fact_listen_history join dim_tracks using (track_id) order by all"
    ) == [(7, 1, 1, False), (7, 1, 2, False), (7, 2, 3, True)]
    assert checksums(installation.marts) == checksums(installation.previous_marts)
    results = installation.ops("dbt_results")
    proving = {row["run_id"] for row in results if row["resource_type"] == "unit_test"}
    testing = {row["run_id"] for row in results if row["resource_type"] == "test"}
    assert (len(proving), len(testing)) == (1, 3)
