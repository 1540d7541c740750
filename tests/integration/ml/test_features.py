"""Features know what had happened at their cut-off, and nothing that came later."""

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from ml.data.interactions import places_of
from ml.data.snapshot import listens, snapshot
from tests.support.lake import Lake, Load, Record, feedback, session, track
from tests.support.warehouse import Warehouse

CUT_OFF = "2026-01-09"
LATER = "2026-02-01"


def _user(user_id: int, genres: str, updated: str, created: str = "2026-01-01") -> Record:
    instants = {
        "created_at": datetime.fromisoformat(created),
        "updated_at": datetime.fromisoformat(updated),
    }
    return {"id": user_id, "favorite_genres": genres, "gender": "Agender", **instants}


BEFORE = Load(
    "1.1",
    datetime(2026, 1, 10),
    tracks=[track(7, "A", "2026-01-02"), track(8, "B", "2026-01-02")],
    users=[_user(1, "Rock", "2026-01-02")],
    listen_history=[
        session(1, "2026-01-03", [7, 7, 8], "2026-01-03"),
        session(1, "2026-01-09", [8], "2026-01-09"),
        session(2, "2026-01-08", [8], "2026-01-08"),
    ],
    feedback=[
        feedback(1, "a", "like", 1, 7, "2026-01-05"),
        feedback(2, "b", "skip", 1, 8, "2026-01-05"),
        feedback(3, "c", "like", 2, 7, "2026-01-06"),
        feedback(4, "d", "skip", 2, 8, "2026-01-07"),
        feedback(5, "e", "skip", 2, 8, "2026-01-08"),
        feedback(6, "f", "unlike", 2, 7, "2026-01-09"),
    ],
)
AFTER = Load(
    "2.1",
    datetime(2026, 1, 20),
    tracks=[
        track(7, "A", "2026-01-15") | {"artist": "another"},
        track(9, "C", "2026-01-15", created="2026-01-15"),
    ],
    users=[_user(1, "Jazz", "2026-01-15"), _user(3, "Folk", "2026-01-16", created="2026-01-16")],
    listen_history=[
        session(1, "2026-01-11", [9, 7], "2026-01-11"),
        session(4, "2026-01-12", [7], "2026-01-12"),
    ],
    feedback=[
        feedback(7, "g", "unlike", 1, 7, "2026-01-12"),
        feedback(8, "h", "skip", 3, 9, "2026-01-17"),
        feedback(9, "i", "like", 4, 8, "2026-01-17"),
    ],
)
TABLES = ("feature_user_track", "feature_tracks", "feature_users")


def _features(warehouse: Warehouse, as_of: str) -> dict[str, list[tuple[Any, ...]]]:
    asked = "select * from features.{} where as_of = timestamp '{}' order by all"
    return {table: warehouse.rows(asked.format(table, as_of)) for table in TABLES}


def test_what_happens_later_changes_no_feature_of_a_cut_off(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, warehouse = Lake(data_dir), Warehouse(data_dir)
    monkeypatch.setenv("MOOVITAMIX_CUT_OFFS", CUT_OFF)
    lake.add(BEFORE)
    warehouse.build()
    warehouse.build("--selector", "features")
    known = _features(warehouse, CUT_OFF)
    assert all(known.values())

    lake.add(AFTER)
    monkeypatch.setenv("MOOVITAMIX_CUT_OFFS", f"{CUT_OFF}, {LATER}")
    warehouse.build()
    warehouse.build("--selector", "features")
    assert _features(warehouse, CUT_OFF) == known
    later = _features(warehouse, LATER)
    assert all(later[table] != known[table] for table in TABLES)
    assert [(row[1], row[2]) for row in later["feature_users"]][:1] == [(1, "Jazz")]


def test_likes_and_skips_weigh_the_same_in_dbt_and_in_models_at_any_cut_off(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, warehouse = Lake(data_dir), Warehouse(data_dir)
    monkeypatch.setenv("MOOVITAMIX_CUT_OFFS", f"{CUT_OFF}, {LATER}")
    lake.add(BEFORE, AFTER)
    warehouse.build()
    warehouse.build("--selector", "features")
    columns = "user_id, track_id, weight, is_liked, skips"
    asked = (
        f"select {columns} from features.feature_user_track where as_of = '{CUT_OFF}' order by 1, 2"
    )
    usual = (math.log(3) + math.log(2)) / 2
    assert warehouse.rows(asked) == [
        (1, 7, pytest.approx(math.log(3) / usual + 1), True, 0),
        (1, 8, pytest.approx(math.log(2) / usual * 2 / 3), False, 1),
        (2, 7, 1.0, True, 0),
        (2, 8, 0.5, False, 2),
    ]
    with duckdb.connect(data_dir / "build.duckdb", read_only=True) as built:
        known = [snapshot(built, datetime.fromisoformat(one)) for one in (CUT_OFF, LATER)]
        every = listens(built, known[1].data, until=known[1].as_of)
        for one in known:
            its = one.data
            rows = built.execute(
                "select user_id, track_id, weight from features.feature_user_track"
                " where as_of = ? and weight > 0 order by all",
                [one.as_of],
            ).fetchall()
            user, track = its.weights.nonzero()
            cells = zip(its.users[user], its.tracks[track], its.weights.data, strict=True)
            assert [*cells] == [(u, t, pytest.approx(weight)) for u, t, weight in rows]
            at = np.datetime64(one.as_of, "us")
            assert every.at is not None
            added = every.only(every.at < at, until=at)
            its_rows = places_of(added.users, its.users)
            its_columns = places_of(added.tracks, its.tracks)
            np.testing.assert_array_equal(
                added.weights[its_rows][:, its_columns].toarray(), its.weights.toarray()
            )


def test_the_cut_offs_are_the_day_after_the_newest_load_and_a_week_before_it(
    data_dir: Path,
) -> None:
    warehouse = Warehouse(data_dir)
    warehouse.build()
    warehouse.build("--selector", "features")
    assert not any(warehouse.rows(f"from features.{table}") for table in TABLES)

    Lake(data_dir).add(BEFORE)
    warehouse.build()
    outcome = warehouse.dbt("build", "--selector", "features", without_unit_tests=False)
    assert not outcome.failed, outcome.failed
    assert warehouse.state("features")[0] == "validated"
    for table in TABLES:
        asked = f"select distinct as_of::varchar from features.{table} order by all"
        assert warehouse.rows(asked) == [("2026-01-04 00:00:00",), ("2026-01-11 00:00:00",)]
