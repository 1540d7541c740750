"""Bytes to Arrow: the quick way and the sure way give the same table."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.errors import NotJson, UnexpectedAnswer
from ingestion.source.parse import Body, Page, ParsedPages, parse
from ingestion.source.tables import LISTEN_HISTORY, TRACKS, USERS

SESSION = {
    "user_id": 7,
    "items": [1, 2],
    "created_at": "2026-01-14T21:57:37.571539",
    "updated_at": "2026-01-14T21:57:37",
}


def body(items: list[Any], total: int = 9, size: int = 100) -> Body:
    page = {"items": items, "total": total, "page": 1, "size": size, "pages": 1}
    return Body("a page", json.dumps(page).encode())


def sessions(*bodies: Body) -> ParsedPages:
    return parse(bodies, LISTEN_HISTORY)


def test_a_page_becomes_the_declared_columns() -> None:
    parsed = sessions(body([SESSION]))
    assert parsed.records.schema == LISTEN_HISTORY.columns
    assert parsed.pages == (Page(total=9, size=100, received=1, number=1),)
    assert parsed.records.to_pylist() == [
        {
            "user_id": 7,
            "items": [1, 2],
            "created_at": datetime(2026, 1, 14, 21, 57, 37, 571539),
            "updated_at": datetime(2026, 1, 14, 21, 57, 37),
        }
    ]


def test_a_zone_is_turned_to_utc() -> None:
    parsed = sessions(body([{"created_at": "2026-01-01T02:00:00+02:00"}]))
    assert parsed.records["created_at"].to_pylist() == [datetime(2026, 1, 1)]


def test_an_empty_page_has_the_declared_columns_too() -> None:
    parsed = sessions(body([], total=0))
    assert parsed.records.schema == LISTEN_HISTORY.columns
    assert parsed.pages[0].received == 0


def test_a_page_that_is_spread_over_lines_is_one_page() -> None:
    page = json.loads(body([SESSION, SESSION]).raw)
    indented = Body("a page", json.dumps(page, indent=2).encode())
    assert sessions(indented, indented).pages == (Page(9, 100, 2, 1),) * 2


def test_a_bad_page_among_others_spoils_none_of_them() -> None:
    bad = {**SESSION, "user_id": "seven"}
    parsed = sessions(body([SESSION] * 2), body([SESSION, bad]), body([SESSION]))
    assert [page.received for page in parsed.pages] == [2, 2, 1]
    assert parsed.records.num_rows == 4
    [rejected] = parsed.rejected
    assert json.loads(rejected.record) == bad
    assert (rejected.fault.column, rejected.fault.was, rejected.fault.now) == (
        "user_id",
        "BIGINT",
        "VARCHAR",
    )


@pytest.mark.parametrize(
    ("column", "value", "now"),
    [
        ("user_id", True, "BOOLEAN"),
        ("user_id", 1.0, "DOUBLE"),
        ("user_id", -(2**63) - 1, "a number beyond it"),
        ("items", 3, "BIGINT"),
        ("items", [1, "2"], "a list of VARCHAR"),
        ("items", [[1]], "a list of a list"),
        ("created_at", 1_768_000_000, "BIGINT"),
        ("created_at", "2026-02-30", "VARCHAR"),
        ("created_at", {}, "an object"),
    ],
)
def test_what_a_column_can_not_hold_is_named(column: str, value: Any, now: str) -> None:
    [rejected] = sessions(body([{**SESSION, column: value}])).rejected
    assert (rejected.fault.column, rejected.fault.now) == (column, now)


def test_an_instant_that_only_python_reads_names_its_column() -> None:
    odd = {**SESSION, "created_at": "2026-W01-1"}  # Python's idea of ISO 8601
    parsed = sessions(body([SESSION, odd, SESSION]))
    assert parsed.records.num_rows == 2
    [rejected] = parsed.rejected
    assert rejected.fault.column == "created_at"
    assert rejected.fault.reason == 'created_at: expected TIMESTAMP, got VARCHAR "2026-W01-1"'


DATES = st.sampled_from(["2026-01-14", "0001-01-01", "20260114", "2024-02-29", "2023-02-29"])
TIMES = st.sampled_from(
    ["", "21", "21:57", "21:57:37", "21:57:37.5", "21:57:37.5715391", "24:00:00", "21:57:37,5"]
)
ZONES = st.sampled_from(["", "Z", "z", " ", "+02:00", "-0530", "+00", "+25:00"])


@settings(deadline=None)
@given(DATES, st.sampled_from(["T", " ", "t", ""]), TIMES, ZONES)
def test_both_ways_agree_on_what_an_instant_is(day: str, sign: str, time: str, zone: str) -> None:
    fine = {**SESSION, "created_at": f"{day}{sign}{time}{zone}"}
    alone = sessions(body([fine])).records.num_rows
    beside_a_bad_one = sessions(body([fine, None])).records.num_rows
    assert alone == beside_a_bad_one


def test_the_last_of_a_field_given_twice_counts() -> None:
    twice = b'{"items": [{"user_id": 1, "user_id": 2}], "total": 1, "size": 1}'
    assert sessions(Body("a page", twice)).records["user_id"].to_pylist() == [2]


@pytest.mark.parametrize("value", ["2026-01-01", "x", 3, 2.50, True, None, {"a": [1]}, []])
def test_a_field_nobody_declared_becomes_text(value: Any) -> None:
    parsed = parse([body([{"id": 1, "extra": value}, {"id": 2}])], TRACKS)
    text = value if value is None or isinstance(value, str) else json.dumps(value)
    assert parsed.records["extra"].to_pylist() == [text, None]
    assert parsed.records.column_names[:-1] == TRACKS.columns.names


def test_new_columns_never_meet_a_name_that_is_taken() -> None:
    parsed = parse([body([{"id": 1, "ID": "a", "": "b", "load_date": "c", "Ärger": "d"}])], USERS)
    assert parsed.records.column_names[len(USERS.columns) :] == ["ID_", "_", "load_date_", "Ärger"]


@pytest.mark.parametrize("raw", [b"", b"<html>", b"{", b'{"items": []}{"items": []}', b"\xff"])
def test_what_is_no_json_is_no_page(raw: bytes) -> None:
    with pytest.raises(NotJson, match="a page is no JSON"):
        sessions(Body("a page", raw))


@pytest.mark.parametrize("raw", [b"1", b"null", b'{"items": null, "total": 1, "size": 1}'])
def test_json_without_records_is_no_page(raw: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        sessions(Body("a page", raw))


RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "id": st.one_of(st.none(), st.integers(-(2**65), 2**65), st.text(), st.booleans()),
        "name": st.one_of(st.none(), st.text(), st.integers()),
        "created_at": st.one_of(st.datetimes().map(datetime.isoformat), st.text(), st.integers()),
        "more": st.one_of(
            st.none(), st.text(), st.floats(allow_nan=False), st.lists(st.integers())
        ),
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(RECORDS, st.none(), st.integers()), max_size=8))
def test_every_record_is_either_read_as_it_is_or_set_aside_as_it_is(items: list[Any]) -> None:
    parsed = parse([body(items)], TRACKS)
    assert parsed.records.num_rows + len(parsed.rejected) == len(items) == parsed.pages[0].received
    good = [json.dumps(record) for record in items]
    for rejected in parsed.rejected:
        good.remove(rejected.record)
    for text, row in zip(good, parsed.records.to_pylist(), strict=True):
        record = json.loads(text)
        assert (row["id"], row["name"]) == (record.get("id"), record.get("name"))
        assert (row["created_at"] is None) == (record.get("created_at") is None)
