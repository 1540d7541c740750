"""What an ingest brings into the lake, over real HTTP, from the original API's contract."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingestion.pull.ingest import ingest
from lake.loads import ValidationResult, cursor, decide, validation_results
from tests.support.landing import (
    accepted,
    landed,
    ops,
    require_all_landed,
    rows,
    sent,
    settings_for,
)
from tests.support.original_api import OriginalApi, catalogue, serving

DAY = datetime(2026, 2, 1, 4, 5, 6, 789)


@pytest.fixture
def api() -> Iterator[OriginalApi]:
    with serving(OriginalApi(catalogue())) as api:
        yield api


def test_every_record_of_the_original_api_lands_exactly_once(
    api: OriginalApi, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, api)
    result = ingest(settings, as_of=DAY, run_id="r")
    require_all_landed(settings.lake_url, api)
    assert [(pull.table, pull.announced, pull.received, pull.pages) for pull in result.pulls] == [
        ("tracks", 250, 250, 3),
        ("users", 120, 120, 2),
        ("listen_history", 430, 430, 5),
    ]
    assert (result.kind, result.as_of, result.finished) == ("initial", DAY, ())
    assert [result.load_id] == accepted(settings.lake_url)


def test_the_lake_has_the_promised_types_in_every_file(api: OriginalApi, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, api)
    ingest(settings, as_of=DAY, run_id="r")
    glob = f"{settings.lake_url}/raw/listen_history/load_date=2026-02-01/*.parquet"
    described = rows(f"describe select * from read_parquet('{glob}', hive_partitioning=false)")
    assert [column[:2] for column in described] == [
        ("user_id", "BIGINT"),
        ("items", "BIGINT[]"),
        ("created_at", "TIMESTAMP"),
        ("updated_at", "TIMESTAMP"),
        ("_dlt_load_id", "VARCHAR"),
    ]
    compressions = rows(f"select distinct compression from parquet_metadata('{glob}')")
    assert compressions == [("ZSTD",)]


def test_ids_all_new_after_a_restart_land_beside_the_old_ones(
    api: OriginalApi, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, api)
    first = ingest(settings, as_of=DAY, run_id="r1")
    old = {table: sent(api, table) for table in api.records}
    api.records = catalogue(seed=2)
    second = ingest(settings, as_of=DAY + timedelta(days=1), run_id="r2")
    assert second.kind == "incremental"
    require_all_landed(settings.lake_url, api, second.load_id)
    assert {table: landed(settings.lake_url, table, first.load_id) for table in old} == old


def test_a_window_is_asked_for_once_and_continues_where_the_lake_ends(
    api: OriginalApi, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, api, overlap=timedelta(hours=2))
    ingest(settings, as_of=DAY, run_id="r1")
    assert {
        (request.query.get("updated_since"), request.query["updated_until"])
        for request in api.requests
    } == {(None, DAY.isoformat())}
    shutil.rmtree(settings.dlt_dir)
    api.requests.clear()
    ingest(settings, as_of=DAY + timedelta(days=1), run_id="r2")
    since, until = DAY - timedelta(hours=2), DAY + timedelta(days=1)
    assert {
        (request.query["updated_since"], request.query["updated_until"]) for request in api.requests
    } == {(since.isoformat(), until.isoformat())}


def test_full_begins_at_the_beginning_again(api: OriginalApi, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, api)
    ingest(settings, as_of=DAY, run_id="r1")
    api.requests.clear()
    result = ingest(settings, as_of=DAY, full=True, run_id="r2")
    assert result.kind == "full"
    assert not [request for request in api.requests if "updated_since" in request.query]


@pytest.mark.slow
def test_thirty_days_in_one_process_bring_each_record_once(tmp_path: Path) -> None:
    with serving(OriginalApi(catalogue(), knows_windows=True)) as api:
        settings = settings_for(tmp_path, api, overlap=timedelta(0))
        for day in range(30):
            as_of = datetime(2025, 12, 31) + timedelta(days=day)
            ingest(settings, as_of=as_of, run_id=f"day {day}")
        require_all_landed(settings.lake_url, api)
    assert 18 <= len(accepted(settings.lake_url)) <= 23  # the catalogue moves for three weeks


def test_a_clock_of_the_future_makes_the_present_skip_nothing(tmp_path: Path) -> None:
    with serving(OriginalApi(catalogue(), knows_windows=True)) as api:
        settings = settings_for(tmp_path, api)
        ingest(settings, as_of=datetime(2026, 1, 5), run_id="r1")
        late = api.records["users"].pop()
        ingest(settings, as_of=datetime(2099, 1, 1), run_id="r2")
        api.records["users"].append({**late, "updated_at": "2026-01-25T00:00:00"})
        ingest(settings, as_of=datetime(2026, 2, 1), run_id="r3")
        assert set(sent(api, "users")) <= set(landed(settings.lake_url, "users"))


def test_a_refused_load_is_pulled_again(tmp_path: Path) -> None:
    with serving(OriginalApi(catalogue(), knows_windows=True)) as api:
        settings = settings_for(tmp_path, api)
        ingest(settings, as_of=datetime(2026, 1, 10), run_id="r1")
        ingest(settings, as_of=datetime(2026, 1, 15), run_id="r2")
        [_, second] = validation_results(settings.lake_url)
        refused = {"verdict": "refused", "reason": "volume", "decided_at": datetime(2100, 1, 1)}
        fields = {name: getattr(second, name) for name in ValidationResult.__slots__}
        decide(settings.lake_url, ValidationResult(**{**fields, **refused}), by="gate")
        third = ingest(settings, as_of=datetime(2026, 3, 1), run_id="r3")
        assert [one.verdict for one in validation_results(settings.lake_url)] == [
            "accepted",
            "refused",
            "accepted",
        ]
        seen = rows(f"select updated_since from '{settings.lake_url}/ops/pulls/*/*.parquet'")
        assert (datetime(2026, 1, 9, 23),) in seen
        assert second.load_id not in accepted(settings.lake_url)
        assert third.load_id in accepted(settings.lake_url)
        assert set(sent(api, "tracks")) == set(landed(settings.lake_url, "tracks"))


def test_a_load_refused_after_later_ones_is_pulled_again(tmp_path: Path) -> None:
    with serving(OriginalApi(catalogue(), knows_windows=True)) as api:
        settings = settings_for(tmp_path, api)
        for day in (5, 10, 15):
            ingest(settings, as_of=datetime(2026, 1, day), run_id=f"day {day}")
        second = validation_results(settings.lake_url)[1]
        decide(
            settings.lake_url,
            replace(second, verdict="refused", decided_at=datetime(2100, 1, 1)),
            by="gate",
        )
        assert cursor(settings.lake_url, DAY) == datetime(2026, 1, 5)
        ingest(settings, as_of=DAY, run_id="r")
        assert cursor(settings.lake_url, DAY) == DAY
        assert set(sent(api, "tracks")) == set(landed(settings.lake_url, "tracks"))


def test_an_empty_api_is_no_failure_and_no_load(tmp_path: Path) -> None:
    with serving(OriginalApi({"tracks": [], "users": [], "listen_history": []})) as api:
        settings = settings_for(tmp_path, api)
        result = ingest(settings, as_of=DAY, run_id="r")
    assert (result.load_id, result.kind) == (None, "initial")
    assert ops(settings.lake_url, "pulls", "table_name, outcome, announced, received") == [
        ("listen_history", "whole", 0, 0),
        ("tracks", "whole", 0, 0),
        ("users", "whole", 0, 0),
    ]
    assert validation_results(settings.lake_url) == []


def test_a_table_without_news_makes_no_file(api: OriginalApi, tmp_path: Path) -> None:
    api.records["users"] = []
    settings = settings_for(tmp_path, api)
    ingest(settings, as_of=DAY, run_id="r")
    assert landed(settings.lake_url, "tracks") == sent(api, "tracks")
    assert not list(Path(settings.lake_url).glob("raw/users/*/*.parquet"))


def test_the_clock_is_the_api_s_own_where_it_has_one(api: OriginalApi, tmp_path: Path) -> None:
    api.health = {"status": "ok", "clock": "2026-11-22T23:30:00+02:00"}
    result = ingest(settings_for(tmp_path, api), run_id="r")
    assert result.as_of == datetime(2026, 11, 22, 21, 30)


def test_nothing_is_complete_beyond_the_api_s_clock(tmp_path: Path) -> None:
    with serving(OriginalApi(catalogue(), knows_windows=True)) as api:
        settings = settings_for(tmp_path, api)
        late = {**api.records["users"].pop(), "updated_at": "2026-01-28T00:00:00"}
        api.health = {"clock": "2026-01-26T00:00:00"}
        result = ingest(settings, as_of=DAY, run_id="r1")
        [first] = validation_results(settings.lake_url)
        assert (result.as_of, first.as_of, first.updated_until) == (DAY, DAY, datetime(2026, 1, 26))
        api.records["users"].append(late)
        api.health = {"clock": "2026-03-01T00:00:00"}
        ingest(settings, as_of=DAY + timedelta(days=1), run_id="r2")
        assert validation_results(settings.lake_url)[1].updated_until == DAY + timedelta(days=1)
        assert set(sent(api, "users")) == set(landed(settings.lake_url, "users"))


def test_without_a_clock_the_machine_s_is_taken(api: OriginalApi, tmp_path: Path) -> None:
    result = ingest(settings_for(tmp_path, api), run_id="r")
    assert abs(result.as_of - datetime.utcnow()) < timedelta(minutes=1)  # noqa: DTZ003


def test_each_pull_writes_what_it_cost(api: OriginalApi, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, api)
    result = ingest(settings, as_of=DAY, run_id="r")
    columns = "run_id, load_id, table_name, outcome, error, announced, received, rejected, pages"
    assert ops(settings.lake_url, "pulls", columns) == [
        ("r", result.load_id, "listen_history", "whole", None, 430, 430, 0, 5),
        ("r", result.load_id, "tracks", "whole", None, 250, 250, 0, 3),
        ("r", result.load_id, "users", "whole", None, 120, 120, 0, 2),
    ]
    measured = ops(
        settings.lake_url,
        "pulls",
        """requests - pages, retries, bytes > 100 * received, response_ms_p50 > 0,
        response_ms_p50 <= response_ms_p95, response_ms_p95 <= response_ms_p99,
        started_at < finished_at""",
    )
    assert measured == [(1, 0, True, True, True, True, True)] * 3  # one more: the refused size


def test_a_new_column_is_kept_as_text_and_reported_once(api: OriginalApi, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, api)
    ingest(settings, as_of=DAY, run_id="r1")
    for number, track in enumerate(api.records["tracks"][150:]):  # not on the first page
        track |= {
            "released_on": "2026-01-01",
            "plays": number,
            "tags": {"a": [1.5, None]},
            "Name": "another",
        }
    result = ingest(settings, as_of=DAY + timedelta(days=1), run_id="r2")
    assert [column for _, column in result.new_columns] == ["released_on", "plays", "tags", "Name_"]
    files = f"{settings.lake_url}/raw/tracks/load_date=2026-02-02/*.parquet"
    extras = rows(
        f"select id, released_on, plays, tags, \"Name_\", name from '{files}' order by plays::int"
    )
    assert extras[0] == (
        api.records["tracks"][150]["id"],
        "2026-01-01",
        "0",
        '{"a": [1.5, null]}',
        "another",
        api.records["tracks"][150]["name"],
    )
    assert [row[1] for row in extras] == ["2026-01-01"] * 100 + [None] * 150
    require_all_landed(settings.lake_url, api, result.load_id)
    shutil.rmtree(settings.dlt_dir)
    again = ingest(settings, as_of=DAY + timedelta(days=2), run_id="r3")
    assert again.new_columns == ()
    changes = ops(settings.lake_url, "schema_changes", "table_name, column_name, change, is_now")
    assert changes == [
        ("tracks", "Name_", "added", "VARCHAR"),
        ("tracks", "plays", "added", "VARCHAR"),
        ("tracks", "released_on", "added", "VARCHAR"),
        ("tracks", "tags", "added", "VARCHAR"),
    ]


def test_odd_but_readable_records_land_as_they_are(api: OriginalApi, tmp_path: Path) -> None:
    times = {"created_at": "2026-01-02T03:04:05.000006", "updated_at": "2026-01-02T00:00:00"}
    api.records["listen_history"] += [
        {"user_id": None, "items": [1, 2], **times},
        {"user_id": 7, "items": None, **times},
        {"user_id": 8, "items": [], **times},
        {"user_id": 9, "items": [-1, 10**12, None], **times},
        {"user_id": 10, "items": [1], "created_at": "2099-01-01T00:00:00", "updated_at": None},
        {"user_id": 11, **times},
    ]
    for number, duration in enumerate(["61:75", "abc", "", None]):
        api.records["tracks"][number]["duration"] = duration
    del api.records["tracks"][4]["album"]
    settings = settings_for(tmp_path, api)
    result = ingest(settings, as_of=DAY, run_id="r")
    require_all_landed(settings.lake_url, api)
    assert sum(pull.rejected for pull in result.pulls) == 0


def test_an_api_of_our_own_is_asked_for_large_pages(tmp_path: Path) -> None:
    with serving(OriginalApi(catalogue(), largest_page=10_000)) as api:
        settings = settings_for(tmp_path, api)
        result = ingest(settings, as_of=DAY, run_id="r")
        assert {request.query["size"] for request in api.requests} == {"10000"}
        require_all_landed(settings.lake_url, api)
    assert [pull.pages for pull in result.pulls] == [1, 1, 1]


def test_the_lake_may_be_an_object_store(api: OriginalApi, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, api, lake_url="memory://lake")
    ingest(settings, as_of=DAY, run_id="r1")
    second = ingest(settings, as_of=DAY + timedelta(days=1), run_id="r2")
    assert second.kind == "incremental"
    assert [one.load_id for one in validation_results("memory://lake")][1] == second.load_id
