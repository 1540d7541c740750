"""Every data test of the dbt project sees the fault it is there for, and no other test does."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from tests.support.emptied import emptied
from tests.support.lake import Lake, Load, feedback, session, track
from tests.support.warehouse import Warehouse

# A month of days of a hundred listens each.
DAYS = [datetime(2026, 1, day, 12).isoformat() for day in range(1, 31)]
LOAD = Load(
    "1.1",
    datetime(2026, 1, 31),
    tracks=[track(7, "A", "2026-01-02"), track(7, "B", "2026-01-03"), track(8, "C", "2026-01-02")],
    users=[
        {"id": 1, "first_name": "Ada", "updated_at": datetime(2026, 1, 2)},
        {"id": 1, "first_name": "Ida", "updated_at": datetime(2026, 1, 3)},
        {"id": 2, "first_name": "Eda", "updated_at": datetime(2026, 1, 3)},
    ],
    listen_history=[session(1, day, [7] * 100, day) for day in DAYS],
    feedback=[feedback(1, "a", "like", 2, 8)],
)
OLD_SESSION, YESTERDAY_S = "timestamp '2026-01-10 12:00'", "timestamp '2026-01-30 12:00'"
FORGET_A_SESSION = (
    "delete from fact_listen_history where listened_at = {0};"
    "delete from staging.int_sessions where started_at = {0};"
)
ONE_LISTEN_LESS = "update staging.int_sessions set listens = 99;"
NAMELESS = (
    "insert into dim_tracks (track_id, name, artist, etl_updated_at, is_inferred)"
    " select range + 100, {0}, {1}, '2026-01-10', false from range(10)"
)
NOBODIES = (
    "insert into dim_users (user_id, first_name, email, etl_updated_at, is_inferred)"
    " select range + 100, {0}, {1}, '2026-01-10', false from range(60)"
)
LARGER_BEFORE = "update ledger.relations set row_count = 5000 where table_name = '{0}'"
NO_LISTENS = (
    "delete from fact_listen_history; delete from fact_feedback;"
    "update staging.int_sessions set listens = 0;"
    "update ledger.relations set row_count = 0;"
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
    + "update fact_listen_history set user_id = null where session_position = 1;"
    + ONE_LISTEN_LESS,
    "not_null_fact_listen_history_track_id": WITHOUT_CONTRACT.format("fact_listen_history")
    + "update fact_listen_history set track_id = null where session_position = 1",
    "not_null_fact_listen_history_listened_at": WITHOUT_CONTRACT.format("fact_listen_history")
    + "update fact_listen_history set listened_at = null"
    f" where session_position = 1 and listened_at = {OLD_SESSION};"
    f"update staging.int_sessions set listens = 99 where started_at = {OLD_SESSION}",
    "not_null_fact_listen_history_load_date": WITHOUT_CONTRACT.format("fact_listen_history")
    + "update fact_listen_history set load_date = null where session_position = 1",
    "not_null_fact_feedback_event_key": WITHOUT_CONTRACT.format("fact_feedback")
    + "update fact_feedback set event_key = null",
    "accepted_values_fact_feedback_kind__play__skip__like__unlike__hide__unhide__clear": (
        "update fact_feedback set kind = 'love'"
    ),
    "an_event_of_feedback_counts_once": "insert into fact_feedback from fact_feedback",
    "feedback_is_of_known_users": "update fact_feedback set user_id = 99",
    "feedback_is_about_known_tracks": "update fact_feedback set track_id = 99",
    "relationships_fact_listen_history_user_id__user_id__ref_dim_users_": (
        "delete from dim_users where user_id = 1"
    ),
    "relationships_fact_listen_history_track_id__track_id__ref_dim_tracks_": (
        "delete from dim_tracks where track_id = 7"
    ),
    "one_listen_per_session_position": (
        "insert into fact_listen_history from fact_listen_history;"
        "update staging.int_sessions set listens = 200"
    ),
    "one_winner_per_session": (
        "insert into staging.int_sessions select * replace (0 as listens) from staging.int_sessions"
    ),
    "sessions_are_whole": ONE_LISTEN_LESS,
    "no_listen_is_of_the_future": (
        "update fact_listen_history set etl_updated_at = listened_at - interval 1 day"
    ),
    "positions_count_from_one": (
        "update fact_listen_history set session_position = 0 where session_position = 1"
    ),
    "every_track_record_is_accounted_for": (
        "delete from staging.int_track_versions where updated_at = '2026-01-02'"
    ),
    "every_user_record_is_accounted_for": (
        "delete from staging.int_user_versions where updated_at = '2026-01-02'"
    ),
    "every_session_record_is_accounted_for": FORGET_A_SESSION.format(OLD_SESSION),
    # All in order but for the volume: the session of yesterday was set aside.
    "listens_of_yesterday_are_as_usual": FORGET_A_SESSION.format(YESTERDAY_S)
    + "insert into quarantine.listen_history (load_id, load_date)"
    " values ('1.1', '2026-01-31')",
    "there_are_tracks": NO_LISTENS + "delete from dim_tracks",
    "there_are_users": NO_LISTENS + "delete from dim_users",
    "most_tracks_have_a_name": NAMELESS.format("null", "'Ada'"),
    "most_tracks_have_an_artist": NAMELESS.format("'A'", "null"),
    "most_users_have_a_first_name": NOBODIES.format("null", "'a@b.example'"),
    "most_users_have_an_email": NOBODIES.format("'Ada'", "null"),
    "no_track_is_lost": LARGER_BEFORE.format("dim_tracks"),
    "no_user_is_lost": LARGER_BEFORE.format("dim_users"),
    "no_listens_are_lost": LARGER_BEFORE.format("fact_listen_history"),
    "one_row_per_track_version": (
        "insert into dim_tracks_history from dim_tracks_history where not is_current"
    ),
    "one_row_per_user_version": (
        "insert into dim_users_history from dim_users_history where not is_current"
    ),
    "one_current_version_per_track": "update dim_tracks_history set is_current = true",
    "one_current_version_per_user": "update dim_users_history set is_current = true",
}


@dataclass(frozen=True, slots=True)
class DataTest:
    """A data test as dbt compiled it, and what it fails by."""

    sql: str
    fail_calc: str
    error_if: str

    def fails(self, built: duckdb.DuckDBPyConnection) -> bool:
        """Run it as dbt does."""
        failed = built.sql(f"select ({self.fail_calc}) {self.error_if} from ({self.sql})")
        return bool(failed.fetchall()[0][0])


@dataclass(frozen=True, slots=True)
class Sound:
    """A small build file in which every test passes, dbt's results, and its tests."""

    file: Path
    statuses: dict[str, str]
    tests: dict[str, DataTest]


@pytest.fixture(scope="module")
def sound(data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Sound:
    """Compile the tests, once: dbt restarted for each fault would take minutes."""
    Lake(emptied(data_home)).add(LOAD)
    Warehouse(data_home).build()
    statuses = Warehouse(data_home).dbt("test", "--write-json").statuses
    kept = tmp_path_factory.mktemp("sound") / "build.duckdb"
    kept.write_bytes((data_home / "build.duckdb").read_bytes())
    artifacts = data_home / "dbt" / "target"
    nodes = json.loads((artifacts / "manifest.json").read_text())["nodes"]
    tests = {
        nodes[ran["unique_id"]]["name"]: DataTest(
            ran["compiled_code"],
            nodes[ran["unique_id"]]["config"]["fail_calc"],
            nodes[ran["unique_id"]]["config"]["error_if"],
        )
        for ran in json.loads((artifacts / "run_results.json").read_text())["results"]
        if ran["unique_id"].startswith("test.")
    }
    return Sound(kept, statuses, tests)


def test_every_data_test_has_its_fault(sound: Sound) -> None:
    assert set(sound.statuses) == set(sound.tests) == set(FAULTS)
    assert set(sound.statuses.values()) == {"pass"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_data_test_sees_its_fault(name: str, sound: Sound, tmp_path: Path) -> None:
    spoilt = tmp_path / "build.duckdb"
    spoilt.write_bytes(sound.file.read_bytes())
    with duckdb.connect(spoilt) as built:
        built.execute(FAULTS[name])
        assert {one for one, test in sound.tests.items() if test.fails(built)} == {name}


def test_dbt_says_the_same(sound: Sound, data_home: Path) -> None:
    (data_home / "build.duckdb").write_bytes(sound.file.read_bytes())
    warehouse = Warehouse(data_home)
    warehouse.run(FAULTS["positions_count_from_one"])
    assert warehouse.dbt("test").failed == {"positions_count_from_one"}
