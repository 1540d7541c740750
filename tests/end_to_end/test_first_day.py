"""The first day works like any other, and so does a day on which nothing happens."""

import subprocess
import sys
from pathlib import Path

import duckdb

from orchestration.settings import ROOT
from tests.checksums import checksums
from tests.end_to_end.warehouse import DAY_1, Warehouse

RECORDS = {
    "tracks": "select 1 as id, 'Song' as name, 'Band' as artist, 'Someone' as songwriters,"
    " '03:20' as duration, 'Rock' as genres, 'Album' as album,"
    " timestamp '2026-02-01' as created_at, timestamp '2026-02-02' as updated_at",
    "users": "select 7 as id, 'Ada' as first_name, 'Byron' as last_name, 'a@example.org' as email,"
    " 'Female' as gender, 'Rock' as favorite_genres,"
    " timestamp '2026-02-01' as created_at, timestamp '2026-02-02' as updated_at",
    "listen_history": "select 7 as user_id, [1, 1, 2] as items,"
    " timestamp '2026-02-03' as created_at, timestamp '2026-02-03 01:00' as updated_at",
}
MARTS = {"dim_tracks", "dim_tracks_history", "dim_users", "dim_users_history"}


def _given_world(folder: Path, *, empty: bool) -> dict[str, str]:
    folder.mkdir()
    for table, record in RECORDS.items():
        duckdb.sql(f"{record} {'limit 0' if empty else ''}").write_parquet(
            str(folder / f"{table}.parquet")
        )
    return {"MOOVITAMIX_SOURCE_WORLD": str(folder)}


def test_dbt_alone_builds_before_any_ingest(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "data")
    warehouse.data_dir.mkdir()
    dbt = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "build", "--project-dir", "dbt_project"],
        cwd=ROOT,
        env=warehouse.environment()
        | {"DBT_TARGET_PATH": str(tmp_path / "target"), "DBT_LOG_PATH": str(tmp_path / "logs")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert dbt.returncode == 0, dbt.stdout
    assert "version 1" in warehouse.does("publish")
    assert warehouse.ask("from fact_listen_history") == []


def test_an_api_that_has_nothing_yet_gives_empty_marts(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "data", _given_world(tmp_path / "world", empty=True))
    warehouse.lives(DAY_1)
    marts = checksums(warehouse.marts)
    assert set(marts) == {f"main.{table}" for table in {*MARTS, "fact_listen_history"}}
    assert {rows for rows, _ in marts.values()} == {0}


def test_a_day_on_which_nothing_is_new_changes_nothing(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "data", _given_world(tmp_path / "world", empty=False))
    warehouse.does("simulate", "--days", "2", "--from", "2026-03-01")
    assert warehouse.ask("select version, len(load_ids) from publication") == [(2, 1)]
    assert warehouse.ask(
        "select user_id, track_id, session_position, is_inferred"
        " from fact_listen_history join dim_tracks using (track_id) order by all"
    ) == [(7, 1, 1, False), (7, 1, 2, False), (7, 2, 3, True)]
    assert checksums(warehouse.marts) == checksums(warehouse.previous_marts)
