"""Every way in which the API misbehaves has its clear outcome, and nothing is lost by it."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion import errors
from ingestion.pull.ingest import ingest
from ingestion.settings import IngestionSettings
from tests.support.landing import (
    accepted,
    landed,
    ops,
    require_all_landed,
    rows,
    sent,
    settings_for,
)
from tests.support.original_api import (
    Answer,
    OriginalApi,
    Request,
    as_json,
    catalogue,
    first,
    on_page,
    serving,
    sometimes,
)

DAY = datetime(2026, 2, 1)


@pytest.fixture
def api() -> Iterator[OriginalApi]:
    with serving(OriginalApi(catalogue())) as api:
        yield api


def pull(settings: IngestionSettings) -> Any:
    return ingest(settings, as_of=DAY, run_id="r")


def require_nothing_came(settings: IngestionSettings, api: OriginalApi) -> None:
    """The failed pull is recorded, no row of it counts, and the same command heals it."""
    outcomes = ops(settings.lake_url, "pulls", "table_name, outcome, error is not null")
    assert outcomes == [(table, "failed", True) for table in ("listen_history", "tracks", "users")]
    assert not list(Path(settings.lake_url).glob("raw/*/load_date=*/*.parquet"))
    api.misbehaviour = lambda _, answer: answer
    pull(settings)
    require_all_landed(settings.lake_url, api)


# --- transient: asked again ----------------------------------------------------------------------


def test_a_fifth_of_the_answers_being_500_only_costs_retries(
    api: OriginalApi, tmp_path: Path
) -> None:
    api.misbehaviour = sometimes(0.2, as_json(500, {"detail": "no"}))
    settings = settings_for(tmp_path, api)
    result = pull(settings)
    require_all_landed(settings.lake_url, api)
    assert sum(one.retries for one in result.pulls) == len(api.requests) - 10 - 3
    assert sum(one.retries for one in result.pulls) > 0


@pytest.mark.parametrize("wait", ["1", "Sun, 22 Nov 2020 00:00:00 GMT", "nonsense"])
def test_429_is_asked_again_when_the_api_wants_it(
    api: OriginalApi, tmp_path: Path, wait: str
) -> None:
    api.misbehaviour = first(6, as_json(429, {}, **{"retry-after": wait}))
    settings = settings_for(tmp_path, api)
    result = pull(settings)
    require_all_landed(settings.lake_url, api)
    took = max(one.finished_at for one in result.pulls) - min(
        one.started_at for one in result.pulls
    )
    assert (took.total_seconds() >= 1) or wait != "1"


def test_reset_connections_are_opened_again(api: OriginalApi, tmp_path: Path) -> None:
    api.misbehaviour = sometimes(0.2, Answer(0, b""))
    settings = settings_for(tmp_path, api)
    pull(settings)
    require_all_landed(settings.lake_url, api)


def test_an_answer_cut_short_on_the_wire_is_asked_for_again(
    api: OriginalApi, tmp_path: Path
) -> None:
    def cut(request: Request, answer: Answer) -> Answer:
        return replace(answer, cut_short=request.ordinal % 4 == 0)

    api.misbehaviour = cut
    settings = settings_for(tmp_path, api)
    pull(settings)
    require_all_landed(settings.lake_url, api)


def test_a_hanging_answer_times_out_and_is_asked_for_again(
    api: OriginalApi, tmp_path: Path
) -> None:
    api.misbehaviour = first(5, Answer(200, b"", hangs=True))
    settings = settings_for(tmp_path, api, read_timeout=0.3)
    result = pull(settings)
    require_all_landed(settings.lake_url, api)
    assert sum(one.retries for one in result.pulls) >= 1


# --- for good: one clear line --------------------------------------------------------------------


def test_an_api_that_is_down_is_named(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    settings = IngestionSettings(data_dir=tmp_path, api_url=url, backoff=0.001)
    with pytest.raises(errors.ApiDown, match=rf"^{url}/health gave no good answer in 5 tries: .*"):
        ingest(settings, run_id="r")
    with pytest.raises(errors.ApiDown, match="Connection refused"):
        pull(settings)
    assert ops(settings.lake_url, "pulls", "outcome") == [("failed",)] * 6


def test_an_api_that_stays_broken_or_slow_is_given_up(api: OriginalApi, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, api, retries=2, read_timeout=0.1)
    api.misbehaviour = lambda *_: as_json(503, {})
    with pytest.raises(errors.ApiDown, match="in 3 tries: too many 503 error responses"):
        pull(settings)
    api.misbehaviour = lambda *_: Answer(200, b"", hangs=True)
    with pytest.raises(errors.ApiDown, match=r"in 3 tries: .*[Rr]ead timed out"):
        pull(settings)


def test_a_refusal_fails_at_once(api: OriginalApi, tmp_path: Path) -> None:
    api.misbehaviour = lambda *_: as_json(403, {"detail": "who are you"})
    settings = settings_for(tmp_path, api)
    with pytest.raises(errors.ApiRefused, match=r'refused with 403: {"detail": "who are you"}'):
        pull(settings)
    asked = [(request.table, request.query["size"]) for request in api.requests]
    assert len(asked) == len(set(asked))
    require_nothing_came(settings, api)


def test_html_instead_of_json_is_shown(api: OriginalApi, tmp_path: Path) -> None:
    page = Answer(200, b"<!doctype html><h1>Please log in</h1>", content_type="text/html")
    api.misbehaviour = lambda request, answer: page if request.table == "users" else answer
    settings = settings_for(tmp_path, api)
    with pytest.raises(errors.NotJson, match=r"^users, page 1 is no JSON, it begins with '<!doc"):
        pull(settings)
    require_nothing_came(settings, api)


@pytest.mark.parametrize("body", [[], {}, {"items": {}}, {"items": [], "total": "3", "size": 1}])
def test_json_that_is_no_page_is_shown(api: OriginalApi, tmp_path: Path, body: Any) -> None:
    api.misbehaviour = lambda *_: as_json(200, body)
    with pytest.raises(errors.UnexpectedAnswer, match="page 1 is no page of records: "):
        pull(settings_for(tmp_path, api))


# --- whole or nothing ----------------------------------------------------------------------------


def test_a_page_short_of_what_was_promised_is_pulled_again_then_fails(
    api: OriginalApi, tmp_path: Path
) -> None:
    api.misbehaviour = on_page("tracks", 2, lambda body: body["items"].pop())
    settings = settings_for(tmp_path, api)
    with pytest.raises(
        errors.TruncatedPull, match="tracks: the API promised 100 records on page 2, 99 came"
    ):
        pull(settings)
    assert len([one for one in api.requests if (one.table, one.page) == ("tracks", 2)]) == 3
    require_nothing_came(settings, api)


def test_a_total_that_changes_while_it_is_read_is_pulled_again(
    api: OriginalApi, tmp_path: Path
) -> None:
    new = catalogue(seed=5, sessions=1)["listen_history"]

    def a_record_arrives(request: Request, answer: Answer) -> Answer:
        if (request.table, request.page) == ("listen_history", 3) and new:
            api.records["listen_history"].append(new.pop())
            return as_json(200, api.page("listen_history", 3, 100, request.query))
        return answer

    api.misbehaviour = a_record_arrives
    settings = settings_for(tmp_path, api)
    result = pull(settings)
    require_all_landed(settings.lake_url, api)
    assert len(accepted(settings.lake_url)) == 1
    assert result.pulls[2].announced == 431


def test_a_total_that_never_holds_still_fails(api: OriginalApi, tmp_path: Path) -> None:
    api.misbehaviour = on_page("users", 2, lambda body: body.update(total=121))
    settings = settings_for(tmp_path, api)
    with pytest.raises(errors.TotalChanged, match=r"users: the API announced 120 .* then 121"):
        pull(settings)
    require_nothing_came(settings, api)


def test_keys_that_repeat_at_every_pull_are_the_api_s_own(api: OriginalApi, tmp_path: Path) -> None:
    for table, records in api.records.items():
        records[-1] = {**records[3], "updated_at": "2026-01-30T00:00:00"}
        assert table
    settings = settings_for(tmp_path, api)
    pull(settings)
    require_all_landed(settings.lake_url, api)
    assert len([one for one in api.requests if (one.table, one.page) == ("users", 1)]) == 4


def test_pages_that_move_while_they_are_read_are_pulled_again(
    api: OriginalApi, tmp_path: Path
) -> None:
    moves = iter(range(1))

    def the_order_changes(request: Request, answer: Answer) -> Answer:
        if (request.table, request.page) == ("tracks", 2) and next(moves, None) is not None:
            tracks = api.records["tracks"]
            api.records["tracks"] = tracks[120:] + tracks[:120]
            return as_json(200, api.page("tracks", 2, 100, request.query))
        return answer

    api.misbehaviour = the_order_changes
    settings = settings_for(tmp_path, api, concurrency=1)
    pull(settings)
    require_all_landed(settings.lake_url, api)


def test_pages_that_never_hold_still_fail(api: OriginalApi, tmp_path: Path) -> None:
    def shuffled(request: Request, answer: Answer) -> Answer:
        if request.table == "tracks":
            turn = request.ordinal * 37 % 250
            api.records["tracks"] = api.records["tracks"][turn:] + api.records["tracks"][:turn]
        return answer

    api.misbehaviour = shuffled
    settings = settings_for(tmp_path, api, concurrency=1)
    with pytest.raises(errors.PagesMoved, match="tracks: pages moved while they were read"):
        pull(settings)
    require_nothing_came(settings, api)


@pytest.mark.parametrize("echoes", [True, False])
def test_an_api_that_ignores_the_page_is_known_by_its_second_answer(
    api: OriginalApi, tmp_path: Path, *, echoes: bool
) -> None:
    def first_page(request: Request, answer: Answer) -> Answer:
        if request.page < 2:
            return answer
        page = api.page(request.table, 1, 100, request.query)
        return as_json(200, {**page, "page": request.page if echoes else 1})

    api.misbehaviour = first_page
    settings = settings_for(tmp_path, api)
    reason = "the records of page 1 came again" if echoes else "page 1 came"
    with pytest.raises(
        errors.PageIgnored,
        match=rf"^tracks: page 2 was asked for, {reason}: the API does not heed `page`$",
    ):
        pull(settings)
    assert len([one for one in api.requests if (one.table, one.page) == ("tracks", 2)]) == 1
    require_nothing_came(settings, api)


# --- records that can't be read ------------------------------------------------------------------


def test_a_few_unreadable_records_are_set_aside_with_their_reasons(
    api: OriginalApi, tmp_path: Path
) -> None:
    bad: list[Any] = [
        {"id": "17", "name": "a text for an id"},
        None,
        {"id": 18, "created_at": "yesterday"},
        {"id": 2**63, "created_at": None},
        {"id": 19.5},
    ]
    tracks = api.records["tracks"]
    api.records["tracks"] = tracks[:40] + bad[:2] + tracks[40:] + bad[2:]
    settings = settings_for(tmp_path, api)
    result = pull(settings)
    assert landed(settings.lake_url, "tracks") == sent(_of(api, tracks), "tracks")
    assert (result.pulls[0].received, result.pulls[0].rejected) == (255, 5)
    files = f"{settings.lake_url}/raw/rejected/load_date=2026-02-01/{result.load_id}.*.parquet"
    rejected = rows(f"select table_name, record, reason, _dlt_load_id from '{files}'")
    assert [(name, json.loads(record)) for name, record, *_ in rejected] == [
        ("tracks", record) for record in bad
    ]
    assert [reason for _, _, reason, _ in rejected] == [
        'id: expected BIGINT, got VARCHAR "17"',
        "expected an object, got null",
        'created_at: expected TIMESTAMP, got VARCHAR "yesterday"',
        "id: expected BIGINT, got a number beyond it 9223372036854775808",
        "id: expected BIGINT, got DOUBLE 19.5",
    ]
    assert {load_id for *_, load_id in rejected} == {result.load_id}


def test_a_changed_type_is_named(api: OriginalApi, tmp_path: Path) -> None:
    for record in api.records["listen_history"][300:309]:
        record["items"] = "1,2"
    settings = settings_for(tmp_path, api)
    with pytest.raises(
        errors.TypeChanged, match=r"^listen_history\.items: was BIGINT\[\], is VARCHAR in 9 records"
    ):
        pull(settings)
    assert ops(settings.lake_url, "pulls", "outcome") == [("failed",)] * 3
    assert not list(Path(settings.lake_url).glob("raw/*/load_date=*/*.parquet"))


@pytest.mark.parametrize(
    "written", ["14.01.2026 21:57", "2026-W03-3", "20260114T215737", "1768427857", ""]
)
def test_a_column_whose_every_value_has_another_format_is_named(
    api: OriginalApi, tmp_path: Path, written: str
) -> None:
    for record in api.records["users"]:
        record["created_at"] = written
    with pytest.raises(
        errors.TypeChanged,
        match=rf'^users\.created_at: was TIMESTAMP, is VARCHAR in \d+ .*, such as "{written}"$',
    ):
        pull(settings_for(tmp_path, api))


def test_a_field_that_no_record_has_is_named(api: OriginalApi, tmp_path: Path) -> None:
    whole = api.records["listen_history"]
    api.records["listen_history"] = [
        {"songs" if name == "items" else name: record[name] for name in record} for record in whole
    ]
    settings = settings_for(tmp_path, api)
    with pytest.raises(
        errors.ColumnMissing, match=r"^listen_history\.items is missing from all 430 records$"
    ):
        pull(settings)
    api.records["listen_history"] = whole
    require_nothing_came(settings, api)


def test_a_field_that_is_null_in_all_records_lands_as_that(
    api: OriginalApi, tmp_path: Path
) -> None:
    for record in api.records["listen_history"]:
        record["items"] = None
    settings = settings_for(tmp_path, api)
    pull(settings)
    require_all_landed(settings.lake_url, api)


def test_whole_numbers_that_become_fractions_are_a_changed_type(
    api: OriginalApi, tmp_path: Path
) -> None:
    for user in api.records["users"]:
        user["id"] += 0.5
    with pytest.raises(errors.TypeChanged, match=r"users\.id: was BIGINT, is DOUBLE"):
        pull(settings_for(tmp_path, api))


def test_many_records_that_are_none_are_too_many(api: OriginalApi, tmp_path: Path) -> None:
    api.records["users"][10:20] = ["what?"] * 10
    with pytest.raises(
        errors.TooManyRejected,
        match="users: 10 of 120 records can't be read, the first for: expected an object, got VARC",
    ):
        pull(settings_for(tmp_path, api))


def test_text_that_is_no_utf_8_is_set_aside(api: OriginalApi, tmp_path: Path) -> None:
    def latin(request: Request, answer: Answer) -> Answer:
        if (request.table, request.page) != ("users", 1):
            return answer
        text = json.dumps(json.loads(answer.body), ensure_ascii=False)
        return replace(answer, body=text.encode().replace("Nº".encode(), b"N\xba", 1))

    api.misbehaviour = latin
    settings = settings_for(tmp_path, api)
    pull(settings)
    readable = sent(_of(api, api.records["users"][1:]), "users")
    assert landed(settings.lake_url, "users") == readable
    rejected = f"{settings.lake_url}/raw/rejected/*/*.parquet"
    assert rows(f"select reason from '{rejected}'") == [("text that is not valid UTF-8",)]


def _of(api: OriginalApi, records: list[Any]) -> OriginalApi:
    return OriginalApi(dict.fromkeys(api.records, records))
