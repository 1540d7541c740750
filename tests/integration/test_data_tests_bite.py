"""Every data test of the dbt project sees the fault it is there for, and no other test does."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.lake import Lake, Load, session, track
from tests.warehouse import Warehouse

LOAD = Load(
    "1.1",
    datetime(2026, 1, 10),
    tracks=[track(7, "A", "2026-01-02"), track(7, "B", "2026-01-03")],
    users=[
        {"id": 1, "first_name": "Ada", "updated_at": datetime(2026, 1, 2)},
        {"id": 1, "first_name": "Ida", "updated_at": datetime(2026, 1, 3)},
    ],
    listen_history=[session(1, "2026-01-09", [7, 7], "2026-01-09")],
)

# Contracts forbid most nulls; a test is still there for the day on which a contract goes.
WITHOUT_CONTRACT = "create or replace table {0} as select * from {0}; "
FAULTS = {
    "not_null_dim_tracks_track_id": WITHOUT_CONTRACT.format("dim_tracks")
    + "insert into dim_tracks (etl_updated_at) values ('2026-01-10')",
    "not_null_dim_users_user_id": WITHOUT_CONTRACT.format("dim_users")
    + "insert into dim_users (etl_updated_at) values ('2026-01-10')",
    "unique_dim_tracks_track_id": WITHOUT_CONTRACT.format("dim_tracks")
    + "insert into dim_tracks from dim_tracks",
    "unique_dim_users_user_id": WITHOUT_CONTRACT.format("dim_users")
    + "insert into dim_users from dim_users",
    "not_null_dim_tracks_etl_updated_at": "update dim_tracks set etl_updated_at = null",
    "not_null_dim_users_etl_updated_at": "update dim_users set etl_updated_at = null",
    "not_null_fact_listen_history_user_id": WITHOUT_CONTRACT.format("fact_listen_history")
    + "update fact_listen_history set user_id = null where session_position = 1",
    "not_null_fact_listen_history_track_id": WITHOUT_CONTRACT.format("fact_listen_history")
    + "update fact_listen_history set track_id = null where session_position = 1",
    "not_null_fact_listen_history_listened_at": WITHOUT_CONTRACT.format("fact_listen_history")
    + "update fact_listen_history set listened_at = null where session_position = 1",
    "not_null_fact_listen_history_load_date": WITHOUT_CONTRACT.format("fact_listen_history")
    + "update fact_listen_history set load_date = null where session_position = 1",
    "relationships_fact_listen_history_user_id__user_id__ref_dim_users_": (
        "update fact_listen_history set user_id = 2 where session_position = 1"
    ),
    "relationships_fact_listen_history_track_id__track_id__ref_dim_tracks_": (
        "update fact_listen_history set track_id = 8 where session_position = 1"
    ),
    "one_listen_per_session_position": "insert into fact_listen_history from fact_listen_history",
    "one_winner_per_session": "insert into staging.sessions from staging.sessions",
    "one_row_per_track_version": (
        "insert into dim_tracks_history from dim_tracks_history where not is_current"
    ),
    "one_row_per_user_version": (
        "insert into dim_users_history from dim_users_history where not is_current"
    ),
    "one_current_version_per_track": "update dim_tracks_history set is_current = true",
    "one_current_version_per_user": "update dim_users_history set is_current = true",
}


@pytest.fixture(scope="module")
def sound(data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small build file in which every test passes."""
    data_home.mkdir(exist_ok=True)
    (data_home / "build.duckdb").unlink(missing_ok=True)
    Lake(data_home).add(LOAD)
    Warehouse(data_home).build()
    kept = tmp_path_factory.mktemp("sound") / "build.duckdb"
    kept.write_bytes((data_home / "build.duckdb").read_bytes())
    return kept


def test_every_data_test_has_its_fault(sound: Path, data_home: Path) -> None:
    (data_home / "build.duckdb").write_bytes(sound.read_bytes())
    statuses = Warehouse(data_home).dbt("test").statuses
    assert set(statuses) == set(FAULTS)
    assert set(statuses.values()) == {"pass"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_data_test_sees_its_fault(name: str, sound: Path, data_home: Path) -> None:
    (data_home / "build.duckdb").write_bytes(sound.read_bytes())
    warehouse = Warehouse(data_home)
    warehouse.run(FAULTS[name])
    assert warehouse.dbt("test").failed == {name}
