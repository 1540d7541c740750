"""Worlds of imports: sessions, lasting ids, several people and services, later imports."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from api.source.http.json_rendering import TABLES
from api.source.layout import checked, files_of
from ml.data.reading import read_log
from ml.errors import MlError
from orchestration.operations.imports.errors import NoImportedWorld
from tests.support.exports import (
    NOW,
    account_play,
    imported,
    listen,
    write_json,
    write_lines,
    write_text,
)

EPOCH = 1577880000
DAY = datetime(2020, 1, 1)


def scrobbles(path: Path, *rows: tuple[str, datetime]) -> Path:
    return write_text(
        path, "".join(f"Blur,,{title},{at:%Y-%m-%d %H:%M:%S}\n" for title, at in rows)
    )


def test_a_session_ends_where_nothing_plays_for_half_an_hour(tmp_path: Path) -> None:
    rows = [
        account_play("2020-01-01 10:50", track="Long", ms=50 * 60_000),
        account_play("2020-01-01 11:21", track="Near", ms=60_000),
        account_play("2020-01-01 11:53", track="Far", ms=60_000),
    ]
    path = write_json(tmp_path / "anna.json", rows)
    world = imported(tmp_path / "w", "spotify", path)
    assert world.rows("select items, created_at, updated_at from listen_history order by 2") == [
        ([1, 2], datetime(2020, 1, 1, 10), datetime(2020, 1, 1, 11, 20)),
        ([3], datetime(2020, 1, 1, 11, 52), datetime(2020, 1, 1, 11, 52)),
    ]
    wide = imported(tmp_path / "w2", "spotify", path, gap=31)
    assert wide.rows("select items from listen_history") == [([1, 2, 3],)]


def test_people_of_several_services_live_in_one_world_and_share_its_tracks(tmp_path: Path) -> None:
    anna = write_json(tmp_path / "anna.json", [account_play("2020-01-01 10:50")])
    carl = write_lines(
        tmp_path / "carl.jsonl", [listen(EPOCH, "SONG 2"), listen(EPOCH + 9, "Girls")]
    )
    imported(tmp_path / "w", "spotify", anna)
    world = imported(tmp_path / "w", "listenbrainz", carl)
    assert world.rows(
        "select first_name, items from users join listen_history on user_id = users.id order by 1"
    ) == [("anna", [1]), ("carl", [1, 2])]


def test_imports_at_the_same_time_all_count(tmp_path: Path) -> None:
    def add(number: int) -> None:
        rows = [(f"Song {number}", DAY + timedelta(hours=number))]
        imported(tmp_path / "w", "lastfm", scrobbles(tmp_path / f"p{number}.csv", *rows))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(add, range(6)))
    world = imported(tmp_path / "w", "lastfm", tmp_path / "p0.csv")
    people = [f"p{number}" for number in range(6)]
    assert [name for (name,) in world.rows("select first_name from users order by 1")] == people
    assert world.rows("select count(*), count(distinct items) from listen_history") == [(6, 6)]


def test_an_import_again_changes_nothing(tmp_path: Path) -> None:
    path = scrobbles(tmp_path / "bea.csv", ("A", DAY), ("B", DAY + timedelta(hours=5)))
    first = imported(tmp_path / "w", "lastfm", path)
    tables = ("tracks", "users", "listen_history", "plays")
    before = [first.rows(f"select * from {table} order by all") for table in tables]
    again = imported(tmp_path / "w", "lastfm", path, now=NOW + timedelta(days=9))
    assert [again.rows(f"select * from {table} order by all") for table in tables] == before


def test_a_later_import_keeps_ids_and_updates_what_it_changes_at_its_instant(
    tmp_path: Path,
) -> None:
    imported(tmp_path / "w", "lastfm", scrobbles(tmp_path / "bea.csv", ("B", DAY), ("C", DAY)))
    older = scrobbles(tmp_path / "bea.csv", ("A", DAY - timedelta(days=9)), ("B", DAY), ("C", DAY))
    world = imported(tmp_path / "w", "lastfm", older)
    assert world.rows("select name, id, updated_at from tracks order by id") == [
        ("B", 1, DAY),
        ("C", 2, DAY),
        ("A", 3, NOW),
    ]
    assert world.rows("select items, updated_at from listen_history order by created_at") == [
        ([3], NOW),
        ([1, 2], DAY),
    ]


def test_a_session_that_became_part_of_another_stays_empty(tmp_path: Path) -> None:
    """The lake has it already: only a newer version without listens takes them back."""
    minutes = timedelta(minutes=20)
    imported(tmp_path / "w", "lastfm", scrobbles(tmp_path / "bea.csv", ("B", DAY + minutes)))
    both = scrobbles(tmp_path / "bea.csv", ("A", DAY), ("B", DAY + minutes))
    for _ in range(2):
        world = imported(tmp_path / "w", "lastfm", both)
    assert world.rows(
        "select created_at, items, updated_at from listen_history order by created_at"
    ) == [(DAY, [2, 1], NOW), (DAY + minutes, [], NOW)]


def test_the_app_simulator_serves_the_world(tmp_path: Path) -> None:
    world = imported(tmp_path / "w", "lastfm", scrobbles(tmp_path / "bea.csv", ("B", DAY)))
    with duckdb.connect() as db:
        for table in TABLES:
            relation, fields = checked(db, table, files_of(world.folder, table))
            assert {"created_at", "updated_at"} <= set(fields)
            assert db.execute(f"select count(*) from {relation}").fetchall() == [(1,)]


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    path = scrobbles(tmp_path / "mine/bea.csv", ("B", DAY))
    with pytest.raises(NoImportedWorld, match=r"holds bea\.csv and no world of an import"):
        imported(path.parent, "lastfm", path)
    assert [its.name for its in path.parent.iterdir()] == ["bea.csv"]


def test_evaluate_reads_a_folder_of_peoples_exports(tmp_path: Path) -> None:
    people = tmp_path / "people"
    scrobbles(people / "bea.csv", ("Song 2", DAY), ("Girls", DAY))
    write_json(people / "anna/StreamingHistory_music_0.json", [account_play("2020-01-01 10:50")])
    write_lines(people / "carl/listens/2020/1.jsonl", [listen(EPOCH, "SONG 2")])
    log = read_log(people)
    assert log.listens.users.tolist() == ["anna", "bea", "carl"]
    assert log.listens.tracks.tolist() == ["blur - girls", "blur - song 2"]
    assert log.listens.only().plays.toarray().tolist() == [[0, 1], [1, 1], [0, 1]]
    assert log.report.lines()[0].startswith("read      3 files, 4 rows: 4 plays of 2 tracks by 3")


def test_evaluate_refuses_a_folder_without_exports(tmp_path: Path) -> None:
    write_text(tmp_path / "people/notes.txt", "hello")
    with pytest.raises(MlError, match="it is a folder: name one file"):
        read_log(tmp_path / "people")
