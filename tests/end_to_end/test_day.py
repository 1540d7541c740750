"""A daily run from the command line."""

import csv
import json

import duckdb

from orchestration.run.lock import holder_of
from tests.support.checksums import checksums, require_rows
from tests.support.installation import DAY_1, Installation

PROMISED = {
    "dim_tracks": "track_id, name, artist, songwriters, duration, genres, album,"
    " created_at, updated_at, etl_updated_at",
    "dim_users": "user_id, first_name, last_name, email, gender, favorite_genres,"
    " created_at, updated_at, etl_updated_at",
    "fact_listen_history": "user_id, track_id, listened_at, load_date",
}


def test_a_run_tells_what_it_did_and_what_to_open_next(day_run: tuple[Installation, str]) -> None:
    installation, output = day_run
    marts = str(installation.marts)
    for expected in ("start", "ingest", "build", "publish", "version 1", marts):
        assert expected in output
    for command in ("moovitamix query", "moovitamix status", "dbt docs"):
        assert command in output


def test_the_promised_tables_are_published_and_full(day_run: tuple[Installation, str]) -> None:
    installation, _ = day_run
    for table, columns in PROMISED.items():
        assert installation.ask(f"select {columns} from {table} limit 1"), table
    assert installation.ask("select count(distinct load_date) from fact_listen_history") == [(1,)]


def test_what_was_published_is_what_was_built(day_run: tuple[Installation, str]) -> None:
    installation, _ = day_run
    assert checksums(installation.marts) == checksums(installation.build_file)


def test_every_step_is_recorded(day_run: tuple[Installation, str]) -> None:
    installation, _ = day_run
    (started, finished) = sorted(installation.ops("runs"), key=lambda row: str(row["at"]))
    assert (started["event"], finished["event"]) == ("started", "finished")
    assert (finished["command"], finished["outcome"]) == ("run", "succeeded")
    assert {row["as_of"] for row in (started, finished)} == {DAY_1}
    steps = sorted(installation.ops("steps"), key=lambda row: str(row["at"]))
    assert [(row["step"], row["event"], row["outcome"]) for row in steps] == [
        (step, event, outcome)
        for step in ("start", "ingest", "freshness", "build", "publish")
        for event, outcome in (("started", None), ("finished", "succeeded"))
    ]
    counted = [row["rows"] for row in steps if row["event"] == "finished"]
    assert [bool(rows) for rows in counted] == [False, True, False, True, True]
    assert {row["run_id"] for row in steps} == {started["run_id"]}
    assert installation.ask("select run_id from publication") == [(started["run_id"],)]


def test_queries_answer_as_table_json_and_csv(day_run: tuple[Installation, str]) -> None:
    installation, _ = day_run
    sql = "select user_id, first_name, created_at from dim_users order by user_id limit 2"
    (first, second) = installation.ask(sql)
    assert str(first[1]) in installation.does("query", sql)
    assert [row["first_name"] for row in json.loads(installation.does("query", sql, "--json"))] == [
        first[1],
        second[1],
    ]
    assert list(csv.reader(installation.does("query", sql, "--csv").splitlines())) == [
        ["user_id", "first_name", "created_at"],
        *([str(value) for value in row] for row in (first, second)),
    ]


def test_a_query_that_fails_or_writes_says_why_in_one_line(
    day_run: tuple[Installation, str],
) -> None:
    installation, _ = day_run
    for sql, why in (
        ("select * from dim_track", "Table with name dim_track does not exist"),
        ("delete from dim_tracks", "read-only"),
        ("copy dim_tracks to 'out.csv'", "file system operations are disabled"),
    ):
        complaint = installation.fails("query", sql)
        assert why in complaint
        assert complaint.count("\n") == 1


def test_status_says_how_things_stand(day_run: tuple[Installation, str]) -> None:
    installation, _ = day_run
    output = " ".join(installation.does("status").split())
    for expected in ("free", "(run)", "succeeded", "2026-03-01 21:00:00", "validated", "version 1"):
        assert expected in output
    assert f"dim_users {installation.ask('select count(*) from dim_users')[0][0]}" in output


def test_a_run_repeated_at_the_same_clock_changes_no_row_and_keeps_others_away(
    day_1: Installation,
) -> None:
    before = checksums(day_1.marts)
    require_rows(before)
    with duckdb.connect(day_1.marts, read_only=True) as opened_before:
        run = day_1.start("run", "--as-of", DAY_1.isoformat())
        while (holder := holder_of(day_1.data_dir)) is None:
            assert run.poll() is None, run.communicate()
        complaint = day_1.fails("run")
        assert f"`moovitamix run` (pid {holder.pid}, since" in complaint
        assert complaint.count("\n") == 1
        assert holder.pid == run.pid
        run.communicate()
        assert run.returncode == 0
        assert opened_before.sql("select version from publication").fetchall() == [(1,)]
    assert day_1.ask("select version from publication") == [(2,)]
    assert checksums(day_1.marts) == checksums(day_1.previous_marts) == before
    tested = {
        (str(row["run_id"]) == str(day_1.ask("select run_id from publication")[0][0]), kind)
        for row in day_1.ops("dbt_results")
        if (kind := row["resource_type"]) in {"test", "unit_test"}
    }
    # The data is tested again, the code is as it was proven, by that day or by a test before it.
    assert tested - {(False, "unit_test")} == {(False, "test"), (True, "test")}
