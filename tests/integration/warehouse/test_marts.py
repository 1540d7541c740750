"""The marts are a function of the set of records."""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.lake import Lake, Load, Record, feedback, session, track
from tests.support.naive_marts import listens, tracks
from tests.support.warehouse import Warehouse

DAY = datetime(2026, 1, 10)


@pytest.fixture
def lake(data_dir: Path) -> Lake:
    return Lake(data_dir)


@pytest.fixture
def warehouse(data_dir: Path) -> Warehouse:
    return Warehouse(data_dir)


def a_crowded_lake(seed: int, loads: int = 6) -> list[Load]:
    """Loads in which few keys meet often: versions late, repeated, reordered, contested, broken."""
    dice = random.Random(seed)

    def an_instant(latest: int = 8) -> datetime:
        return datetime(2026, 1, 1) + timedelta(days=dice.randrange(latest))

    def a_session() -> Record:
        return {
            "user_id": dice.choice([*range(1, 8), None, 2**31]),
            "created_at": dice.choice([an_instant(), an_instant(), datetime(2026, 6, 1)]),
            "updated_at": dice.choice([an_instant(4), an_instant(4), None]),
            "items": dice.choice([None, [], *([[dice.randrange(1, 9)]] * 4), [2, 3, 2], [None, 1]]),
        }

    def a_track() -> Record:
        return {
            "id": dice.choice([*range(1, 6), None]),
            "name": dice.choice("ABC"),
            "created_at": an_instant(),
            "updated_at": dice.choice([an_instant(3), an_instant(3), None]),
        }

    def an_event(number: int) -> Record:
        user_id = number % 5
        if number % 17 == 0:
            return feedback(number, f"clear {number}", "clear", user_id)
        return feedback(number, f"key {number}", "like", user_id, number % 9)

    delivered = random.Random(seed)
    return [
        Load(
            load_id=f"{1_700_000_000 + number}.5",
            as_of=DAY + timedelta(hours=dice.randrange(72)),
            tracks=[a_track() for _ in range(12)],
            users=[{"id": 1, "first_name": "Ada", "updated_at": an_instant()}],
            listen_history=[a_session() for _ in range(120)],
            feedback=[an_event(one) for one in delivered.sample(range(1, 100), 30)],
        )
        for number in range(loads)
    ]


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 13))]
)
def test_any_increments_in_any_order_equal_one_build_from_the_lake(
    seed: int, lake: Lake, warehouse: Warehouse
) -> None:
    loads = a_crowded_lake(seed)
    random.Random(seed).shuffle(loads)
    warehouse.build()
    for some in (loads[:3], loads[3:4], loads[4:]):
        lake.add(*some)
        warehouse.build()
        assert warehouse.state() == ("validated", False)
        warehouse.publish()
    incremental = warehouse.marts()
    assert all(incremental.values())

    warehouse.build("--full-refresh")
    assert warehouse.state() == ("validated", True)
    assert warehouse.marts() == incremental


def test_the_marts_hold_what_a_naive_reading_of_the_records_holds(
    lake: Lake, warehouse: Warehouse
) -> None:
    loads = a_crowded_lake(seed=3)
    lake.add(*loads)
    warehouse.build()

    fact = "user_id, track_id, listened_at, load_date, session_position, etl_updated_at, load_id"
    assert set(warehouse.rows(f"select {fact} from fact_listen_history")) == listens(loads)
    dim = "track_id, name, created_at, updated_at, etl_updated_at, is_inferred"
    assert set(warehouse.rows(f"select {dim} from dim_tracks")) == tracks(loads)


def test_a_load_counts_only_while_its_latest_verdict_accepts_it(
    lake: Lake, warehouse: Warehouse
) -> None:
    kept = Load("1.1", DAY, listen_history=[session(1, "2026-01-09", [7], "2026-01-09")])
    doubted = Load("2.1", DAY, listen_history=[session(1, "2026-01-09", [8], "2026-01-09 12:00")])
    undecided = Load("3.1", DAY, listen_history=[session(1, "2026-01-09", [9], "2026-01-09 13:00")])
    listened = "select track_id, load_id from fact_listen_history"
    lake.add(kept, doubted)
    lake.land(undecided)
    for load in (kept, doubted, undecided):  # records of loads that don't count are not lost
        lake.record_pulls(load)
    warehouse.build()
    assert warehouse.rows(listened) == [(8, "2.1")]

    lake.decide(doubted, "refused")
    warehouse.build()
    assert warehouse.rows(listened) == [(7, "1.1")]

    lake.decide(doubted, "accepted")
    warehouse.build()
    assert warehouse.rows(listened) == [(8, "2.1")]


def test_a_torn_file_of_a_load_that_never_counted_disturbs_nobody(
    lake: Lake, warehouse: Warehouse
) -> None:
    lake.add(Load("1.1", DAY, tracks=[track(1, "A", "2026-01-02")]))
    torn = lake.data_dir / "lake/raw/tracks/load_date=2026-01-10/2.1.0a1b2c.parquet"
    torn.write_bytes(b"PAR1 and nothing more")
    warehouse.build()
    assert warehouse.rows("select track_id, name from dim_tracks") == [(1, "A")]


def test_an_unknown_track_is_inferred_until_the_api_tells_of_it(
    lake: Lake, warehouse: Warehouse
) -> None:
    query = "select track_id, name, is_inferred, etl_updated_at from dim_tracks order by all"
    lake.add(Load("1.1", DAY, listen_history=[session(1, "2026-01-09", [7, 8], "2026-01-09")]))
    warehouse.build()
    assert warehouse.rows(query) == [(7, None, True, DAY), (8, None, True, DAY)]
    assert warehouse.rows("select user_id, is_inferred from dim_users") == [(1, True)]

    later = DAY + timedelta(days=1)
    lake.add(
        Load(
            "2.1",
            later,
            tracks=[track(7, "A", "2026-01-10")],
            listen_history=[session(1, "2026-01-09", [7], "2026-01-10")],
        )
    )
    warehouse.build()
    assert warehouse.rows(query) == [(7, "A", False, later)]


def test_set_aside_records_are_kept_with_their_reason(lake: Lake, warehouse: Warehouse) -> None:
    broken: dict[str, Any] = {
        "user_id is null": session(None, "2026-01-09", [1], "2026-01-09"),
        "user_id is beyond INTEGER": session(2**31, "2026-01-09", [1], "2026-01-09"),
        "started_at is after its load": session(1, "2026-01-11", [1], "2026-01-11"),
        "a track id is beyond INTEGER": session(1, "2026-01-09", [2**31], "2026-01-09"),
    }
    lake.add(
        Load(
            "1.1",
            DAY,
            tracks=[track(None, "A", "2026-01-02")],
            listen_history=list(broken.values()),
        )
    )
    warehouse.build()
    quarantined = warehouse.rows("select violated_rule from quarantine.listen_history")
    assert {rule for (rule,) in quarantined} == set(broken)
    assert len(quarantined) == len(broken)
    assert warehouse.rows("select name, violated_rule from quarantine.tracks") == [
        ("A", "track_id is null")
    ]
    assert warehouse.rows("from fact_listen_history") == []


def test_an_empty_lake_gives_the_promised_columns_and_no_rows(warehouse: Warehouse) -> None:
    warehouse.build()
    described = warehouse.rows(
        "select table_name, list(column_name || ' ' || data_type order by ordinal_position)"
        " from information_schema.columns where table_schema = 'main' group by all"
    )
    columns = dict(described)
    texts = ["name", "artist", "songwriters", "duration", "genres", "album"]
    instants = ["created_at TIMESTAMP", "updated_at TIMESTAMP", "etl_updated_at TIMESTAMP"]
    assert columns["dim_tracks"][:10] == [
        "track_id INTEGER",
        *(f"{text} VARCHAR" for text in texts),
        *instants,
    ]
    texts = ["first_name", "last_name", "email", "gender", "favorite_genres"]
    assert columns["dim_users"][:9] == [
        "user_id INTEGER",
        *(f"{text} VARCHAR" for text in texts),
        *instants,
    ]
    assert columns["fact_listen_history"][:4] == [
        "user_id INTEGER",
        "track_id INTEGER",
        "listened_at TIMESTAMP",
        "load_date DATE",
    ]
    assert not any(warehouse.marts().values())
    keys = warehouse.rows(
        "select table_name, constraint_column_names from duckdb_constraints()"
        " where constraint_type = 'PRIMARY KEY' order by all"
    )
    assert keys == [("dim_tracks", ["track_id"]), ("dim_users", ["user_id"])]
