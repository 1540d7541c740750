"""Feedback from the inbox into the lake: each event in one accepted load, whatever happens."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingestion.compact import compact_lake
from ingestion.erasure.person import Person
from ingestion.lake_erasure import erase_records
from ingestion.pull.ingest import ingest
from ingestion.settings import IngestionSettings
from lake import loads
from lake.feedback.inbox import Inbox
from lake.feedback.inbox_tables import Event
from tests.support.landing import accepted, ops, rows, settings_for
from tests.support.original_api import OriginalApi, catalogue, serving

DAY = datetime(2026, 2, 1, 4)
NEXT = DAY + timedelta(days=1)
AT = datetime(2026, 1, 31, 23, 59, 59, 123456)


@pytest.fixture
def api() -> Iterator[OriginalApi]:
    with serving(OriginalApi(catalogue(tracks=5, users=5, sessions=5))) as api:
        yield api


@pytest.fixture
def settings(api: OriginalApi, tmp_path: Path) -> IngestionSettings:
    return settings_for(tmp_path, api)


@pytest.fixture
def inbox(settings: IngestionSettings) -> Iterator[Inbox]:
    inbox = Inbox(settings.inbox_url)
    inbox.create()
    yield inbox
    inbox.close()


def event(key: str, user_id: int = 1) -> Event:
    return Event(key, user_id, 7, "like", AT, "1-discover", 2)


def landed(settings: IngestionSettings) -> list[tuple[object, ...]]:
    files = f"{settings.lake_url}/raw/feedback/*/*.parquet"
    return rows(
        f"select key, _dlt_load_id from read_parquet('{files}') order by event_id, _dlt_load_id"
    )


def test_events_are_in_the_load_of_the_day_with_the_declared_types(
    settings: IngestionSettings, inbox: Inbox
) -> None:
    inbox.add([[event("a"), event("b", user_id=2)]])
    inbox.clear(2)
    result = ingest(settings, as_of=DAY, run_id="r")
    assert accepted(settings.lake_url) == [result.load_id]
    files = f"{settings.lake_url}/raw/feedback/load_date=2026-02-01/{result.load_id}.*.parquet"
    described = rows(f"describe select * from read_parquet('{files}', hive_partitioning=false)")
    assert [column[:2] for column in described] == [
        ("event_id", "BIGINT"),
        ("user_id", "BIGINT"),
        ("track_id", "BIGINT"),
        ("position", "BIGINT"),
        ("key", "VARCHAR"),
        ("kind", "VARCHAR"),
        ("playlist_id", "VARCHAR"),
        ("happened_at", "TIMESTAMP"),
        ("received_at", "TIMESTAMP"),
        ("_dlt_load_id", "VARCHAR"),
    ]
    columns = "key[:6], user_id, track_id, kind, playlist_id, position"
    (first, cleared) = rows(f"select {columns}, happened_at from '{files}' order by event_id")
    assert first == ("a", 1, 7, "like", "1-discover", 2, AT)
    assert cleared[:-1] == ("clear ", 2, None, "clear", None, None)
    pulls = ops(settings.lake_url, "pulls", "table_name, received, outcome")
    assert ("feedback", 2, "whole") in pulls
    assert len(pulls) == 4


def test_each_event_is_in_one_load_and_a_load_can_have_nothing_else(
    settings: IngestionSettings, inbox: Inbox, api: OriginalApi
) -> None:
    inbox.add([[event("a")]])
    first = ingest(settings, as_of=DAY, run_id="r1").load_id
    api.records = {table: [] for table in api.records}
    assert ingest(settings, as_of=NEXT, run_id="r2").load_id is None
    inbox.add([[event("b")], [event("a")]])
    second = ingest(settings, as_of=NEXT, run_id="r3").load_id
    assert landed(settings) == [("a", first), ("b", second)]

    compact_lake(settings)
    inbox.add([[event("c")]])
    third = ingest(settings, as_of=NEXT + timedelta(days=1), run_id="r4").load_id
    assert landed(settings)[2:] == [("c", third)]


def test_events_of_a_refused_load_are_read_again(settings: IngestionSettings, inbox: Inbox) -> None:
    inbox.add([[event("a")]])
    first = ingest(settings, as_of=DAY, run_id="r1").load_id
    (result,) = loads.validation_results(settings.lake_url)
    refused = {name: getattr(result, name) for name in result.__slots__} | {"verdict": "refused"}
    refused["decided_at"] += timedelta(seconds=1)
    loads.decide(settings.lake_url, loads.ValidationResult(**refused), by="test")
    second = ingest(settings, as_of=NEXT, run_id="r2").load_id
    assert landed(settings) == [("a", first), ("a", second)]


def test_events_of_a_lost_inbox_stay_and_new_ones_follow(
    settings: IngestionSettings, inbox: Inbox
) -> None:
    inbox.add([[event("a")]])
    ingest(settings, as_of=DAY, run_id="r1")
    inbox.close()
    for path in settings.inbox_file.parent.iterdir():
        path.unlink()
    inbox.create()
    inbox.add([[event("b")]])
    ingest(settings, as_of=NEXT, run_id="r2")
    assert [key for key, _ in landed(settings)] == ["a", "b"]


def test_without_an_inbox_there_is_no_feedback(settings: IngestionSettings) -> None:
    ingest(settings, as_of=DAY, run_id="r")
    assert not (Path(settings.lake_url) / "raw" / "feedback").exists()
    assert not settings.inbox_file.parent.exists()


def test_erasure_takes_a_person_out_of_the_feedback_of_the_lake(
    settings: IngestionSettings, inbox: Inbox
) -> None:
    inbox.add([[event("a"), event("b", user_id=2)]])
    ingest(settings, as_of=DAY, run_id="r")
    assert erase_records(settings, Person(2)).records >= 1
    assert [key for key, _ in landed(settings)] == ["a"]
