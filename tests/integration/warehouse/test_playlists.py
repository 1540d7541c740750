"""Playlists in the marts: empty before the first batch, then one batch a day; each rule tested."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from lake import batches
from ml.scoring.playlist_batch import PLAYLIST_TRACKS, TABLE
from tests.support.lake import Lake, Load, session, track
from tests.support.warehouse import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

DAY = datetime(2026, 1, 10, 21)
LOAD = Load(
    "1.1",
    datetime(2026, 1, 10),
    tracks=[track(one, "A", "2026-01-02") | {"artist": f"Artist {one}"} for one in range(1, 10)],
    users=[{"id": one, "first_name": "Ada", "updated_at": datetime(2026, 1, 2)} for one in (1, 2)],
    listen_history=[session(1, "2026-01-09", [1, 2, 3], "2026-01-09")],
)
Key = tuple[int | None, str, int]
FIRST: dict[Key, list[int]] = {
    (None, "popular", 1): [1, 2],
    (1, "discover", 1): [4, 5, 6],
    (1, "mix", 2): [1, 4],
    (2, "discover", 1): [1, 2],
}
SECOND = FIRST | {(1, "discover", 1): [5, 6, 7], (2, "discover", 1): [2, 3]}
RECOMMENDATIONS = ("--selector", "recommendations")
MORE = (
    "insert into playlist_tracks select '{}-{}', {}, day, {}, {}, 'model', null"
    " from playlist_batches where is_newest or {}"
)
FAULTS = {
    "playlists_hold_their_tracks": "update playlists set tracks = 9 where playlist_id = 'popular'",
    "one_row_per_playlist_and_day": "insert into playlists from playlists where kind = 'mix'",
    "no_track_twice_in_a_playlist": MORE.format(2, "discover", 2, 3, 3, False),
    "one_track_per_playlist_day_and_position": MORE.format(1, "mix-2", 1, 2, 9, True),
    "discover_holds_nothing_heard_before": MORE.format(1, "discover", 1, 4, 1, False),
    "discover_turns_over": MORE.format(1, "discover", 1, 5, 4, False),
    "no_more_than_two_tracks_of_an_artist": "update dim_tracks set artist = 'One'",
    "every_known_user_has_a_playlist": "insert into dim_users (user_id, etl_updated_at,"
    " is_inferred) values (3, '2026-01-01', false)",
}


def test_playlists_are_one_batch_a_day_and_each_rule_of_theirs_is_tested(data_dir: Path) -> None:
    Lake(data_dir).add(LOAD)
    warehouse = Warehouse(data_dir)
    warehouse.build()

    warehouse.build(*RECOMMENDATIONS)
    assert warehouse.rows("select * from playlists") == []
    assert warehouse.rows("select * from playlist_tracks") == []

    write(data_dir, "a", DAY, FIRST)
    write(data_dir, "b", DAY + timedelta(days=1), {(None, "popular", 1): [9]})
    write(data_dir, "c", DAY + timedelta(days=1), SECOND, previous_run_id="a")
    warehouse.build(*RECOMMENDATIONS)
    days = [(date(2026, 1, 10), "a", FIRST), (date(2026, 1, 11), "c", SECOND)]
    assert warehouse.rows("select day, run_id, is_newest from playlist_batches order by 1") == [
        (day, run_id, run_id == "c") for day, run_id, _ in days
    ]
    lists = "select day, user_id, kind, tracks, title, playlist_id from playlists order by all"
    assert warehouse.rows(lists) == sorted(
        (
            (day, user, kind, len(tracks), f"A {kind}", name(user, kind, number))
            for day, _, made in days
            for (user, kind, number), tracks in made.items()
        ),
        key=lambda row: (row[0], row[1] or 99, row[2]),
    )
    users = "select distinct user_id from playlist_tracks where playlist_id like '1-%'"
    assert warehouse.rows(users) == [(1,)]
    in_order = "select day, playlist_id, list(track_id order by position) from playlist_tracks"
    assert sorted(warehouse.rows(f"{in_order} group by all")) == sorted(
        (day, name(*key), tracks) for day, _, made in days for key, tracks in made.items()
    )

    for fault in FAULTS.values():
        warehouse.run(fault)
    assert warehouse.dbt("test", *RECOMMENDATIONS).failed == set(FAULTS)
    warehouse.run("update playlist_batches set data_as_of = '2025-12-01'")
    assert "playlists_are_fresh" in warehouse.dbt("test", *RECOMMENDATIONS).failed


def name(user: int | None, kind: str, number: int) -> str:
    """Return the id that a playlist has every day."""
    if user is None:
        return kind
    return f"{user}-{kind}-{number}" if kind == "mix" else f"{user}-{kind}"


def write(
    data_dir: Path,
    run_id: str,
    made_at: datetime,
    made: dict[Key, list[int]],
    previous_run_id: str | None = None,
) -> None:
    """Write a batch of the first version."""
    rows = [
        {
            "user_id": user,
            "kind": kind,
            "number": number,
            "position": at + 1,
            "track_id": track_id,
            "reason": "model",
            "title": f"A {kind}",
            "description": "Some tracks.",
            "previous_run_id": previous_run_id,
            "model_version": 1,
            "run_id": run_id,
            "data_as_of": made_at,
            "made_at": made_at,
        }
        for (user, kind, number), tracks in made.items()
        for at, track_id in enumerate(tracks)
    ]
    table = pa.Table.from_pylist(rows, PLAYLIST_TRACKS)
    folder = f"model_version=1/run_id={run_id}"
    batches.write_batch(str(data_dir / "lake"), TABLE, folder, PLAYLIST_TRACKS, iter([table]))
