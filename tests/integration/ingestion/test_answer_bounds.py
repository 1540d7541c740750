"""No answer, however large, deep, slow or odd, costs more than its bounds, or says it unclearly."""

import gzip
import json
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from ingestion import errors
from ingestion.pull.ingest import ingest
from ingestion.settings import IngestionSettings
from ingestion.source.http import Api
from ingestion.source.pages import Endpoint
from ingestion.source.parse import Body, parse
from ingestion.source.tables import TRACKS
from ingestion.source.window import Window
from tests.support.landing import require_all_landed, settings_for
from tests.support.original_api import Answer, OriginalApi, Request, as_json, catalogue, serving
from tests.support.raw_server import Asked, head, serving_raw, whole

DAY = datetime(2026, 2, 1)
UNTIL = Window(None, DAY, "initial")
QUICK = {"backoff": 0.001, "read_timeout": 5.0, "connect_timeout": 2.0, "retries": 1}


def settings_at(url: str, folder: Path, **changed: Any) -> IngestionSettings:
    return IngestionSettings(data_dir=folder, api_url=url, **{**QUICK, **changed})


def page_of(settings: IngestionSettings) -> Body:
    with Api(settings) as api:
        endpoint = Endpoint(api, TRACKS, UNTIL, settings.nesting_max)
        return endpoint.body(1, 100)


def envelope(items: str, total: int | str = 1) -> bytes:
    return f'{{"items": {items}, "total": {total}, "page": 1, "size": 100, "pages": 1}}'.encode()


# --- nesting -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 100_000,
        envelope("[" * 500 + "]" * 500),
        envelope('[{"id": 1, "x": ' + "[" * 70 + "]" * 70 + "}]"),
        b'["\\"", ' + b"[" * 300,
        b'"\\\\"' + b"[" * 300,
    ],
)
def test_what_is_nested_too_deep_never_meets_a_parser(body: bytes, tmp_path: Path) -> None:
    with serving_raw(lambda _: whole(body)) as server:
        started = time.process_time()
        with pytest.raises(
            errors.AnswerTooNested, match=r"^tracks, page 1 .* 64 levels \(MOOVITAMIX_NESTING_MAX\)"
        ):
            page_of(settings_at(server.url, tmp_path))
        assert time.process_time() - started < 5


def test_brackets_in_texts_are_no_levels(tmp_path: Path) -> None:
    name = '[{"' * 500 + "\\" + "]}" * 20
    body = envelope(json.dumps([{"id": 1, "name": name}]))
    with serving_raw(lambda _: whole(body)) as server:
        read = page_of(settings_at(server.url, tmp_path))
    assert parse([read], TRACKS).records["name"].to_pylist() == [name]


def test_a_deep_answer_of_health_is_no_clock(tmp_path: Path) -> None:
    with serving(OriginalApi(catalogue())) as api:
        settings = settings_for(tmp_path, api)
        deep: Any = json.loads("[" * 400 + "]" * 400)
        api.health = {"clock": deep}
        ingest(settings, as_of=DAY, run_id="r")
        require_all_landed(settings.lake_url, api)


# --- size ----------------------------------------------------------------------------------------

MEGABYTE = 1024 * 1024
ZEROS = b"\0" * MEGABYTE


def bomb(megabytes: int) -> bytes:
    """Pack so many megabytes of zeros: one megabyte is packed, then copied, which takes no time.

    The checksum at the end is that of one megabyte; a reader must stop before it gets there.
    """
    packer = zlib.compressobj(9, wbits=31)
    packed = packer.compress(ZEROS) + packer.flush(zlib.Z_FULL_FLUSH)
    more = packer.copy()
    copied = more.compress(ZEROS) + more.flush(zlib.Z_FULL_FLUSH)
    return packed + copied * (megabytes - 1) + packer.flush()


def in_chunks(body: bytes, *more: str) -> list[bytes]:
    pieces = [body[start : start + 60_000] for start in range(0, len(body), 60_000)]
    framed = [f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces]
    return [head(None, "transfer-encoding: chunked", *more), *framed, b"0\r\n\r\n"]


TOO_LARGE: dict[str, Callable[[], list[bytes]]] = {
    "announced": lambda: [head(3 * 1024 * MEGABYTE), b"{"],
    "as it is": lambda: whole(ZEROS * 5),
    "until it ends": lambda: [head(None), *[ZEROS] * 5],
    "in chunks": lambda: in_chunks(ZEROS * 5),
    "packed": lambda: whole(bomb(2_000), "content-encoding: gzip"),
    "packed twice": lambda: whole(gzip.compress(bomb(2_000)), "content-encoding: gzip, gzip"),
    "deflated": lambda: whole(zlib.compress(ZEROS * 200), "content-encoding: deflate"),
    "packed, in chunks": lambda: in_chunks(bomb(500), "content-encoding: gzip"),
    "packed in many members": lambda: whole(bomb(1) * 500, "content-encoding: gzip"),
}


@pytest.mark.parametrize("way", TOO_LARGE)
def test_what_is_too_large_is_not_held(way: str, tmp_path: Path) -> None:
    answer = TOO_LARGE[way]()
    with serving_raw(lambda _: answer) as server:
        started = time.process_time()
        with pytest.raises(
            errors.AnswerTooLarge, match=r"larger than 4 MB \(MOOVITAMIX_ANSWER_MAX_MB\): ask for f"
        ):
            page_of(settings_at(server.url, tmp_path, answer_max_mb=4))
        assert time.process_time() - started < 5
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oh no"])
def test_of_a_large_answer_that_says_no_only_the_beginning_is_read(
    status: str, tmp_path: Path
) -> None:
    packed = bomb(2_000)
    with serving_raw(lambda _: whole(packed, "content-encoding: gzip", status=status)) as server:
        with pytest.raises((errors.ApiRefused, errors.ApiDown)) as raised:
            page_of(settings_at(server.url, tmp_path))
        assert len(str(raised.value)) < 400


def test_records_too_large_for_a_page_come_in_smaller_ones(tmp_path: Path) -> None:
    records = catalogue()
    for track in records["tracks"]:
        track["name"] = "n" * 10_000
    with serving(OriginalApi(records, largest_page=10_000)) as api:
        settings = settings_for(tmp_path, api, answer_max_mb=2)
        ingest(settings, as_of=DAY, run_id="r")
        require_all_landed(settings.lake_url, api)
        assert {one.query["size"] for one in api.requests if one.table == "tracks"} == {
            "10000",
            "100",
        }


MEASURED = """
import sys
from pathlib import Path
from datetime import datetime
from bench.days.open_gate import leave_open
leave_open()
from ingestion.pull.ingest import ingest
from ingestion.errors import IngestionError
from ingestion.settings import IngestionSettings
settings = IngestionSettings(data_dir=Path(sys.argv[2]), api_url=sys.argv[1], backoff=0.001)
try:
    print(ingest(settings, as_of=datetime(2026, 2, 1), run_id="r").pulls[0].received)
except IngestionError as error:
    print(type(error).__name__, error)
# Not `ru_maxrss`: over `exec` it keeps the peak of the process that started this one.
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024)
"""

RECORD = '{"id": %d, "name": "%s", "artist": "é", "songwriters": null, "duration": "1:00",'
RECORD += ' "genres": "Rock", "album": "b", "created_at": "2026-01-01", "updated_at": "2026-01-01"}'


def fat(asked: Asked, records: int, width: int) -> bytes:
    """A page of large records, out of two hundred pages of them; of other tables none."""
    if not asked.target.startswith("/tracks"):
        return envelope("[]", 0)
    page = int(asked.target.split("page=")[1].split("&")[0])
    items = ",".join(RECORD % (page * records + n, "x" * width) for n in range(records))
    counts = f'"total": {20 * records}, "page": {page}, "size": {records}, "pages": 20'
    return f'{{"items": [{items}], {counts}}}'.encode()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a bomb", None),
        ("300 records of 100 kB", lambda asked: fat(asked, 300, 100_000)),
        ("30 MB of empty objects", lambda _: envelope("[" + "{}," * 10_000_000 + "{}]")),
        ("30 MB of nulls", lambda _: envelope("[" + "null," * 6_000_000 + "null]")),
        ("30 MB of texts", lambda _: envelope("[" + '"ab",' * 6_000_000 + '"ab"]')),
        (
            "another field in each record",
            lambda _: envelope(
                "[" + ",".join(f'{{"id": {n}, "f{n}": "x"}}' for n in range(100_000)) + "]", 100_000
            ),
        ),
    ],
)
def test_the_process_stays_under_a_gigabyte(
    name: str, body: Callable[[Asked], bytes] | None, tmp_path: Path
) -> None:
    packed = bomb(4_000)

    def answer(asked: Asked) -> list[bytes]:
        return whole(body(asked)) if body else whole(packed, "content-encoding: gzip")

    with serving_raw(answer) as server:
        ran = subprocess.run(
            [sys.executable, "-c", MEASURED, server.url, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
    assert ran.returncode == 0, ran.stderr
    outcome, peak = ran.stdout.strip().splitlines()
    print(name, outcome[:150], peak)
    assert int(peak) < 1_000, outcome


# --- time ----------------------------------------------------------------------------------------

SLOW: dict[str, list[bytes]] = {
    "a byte at a time": [head(100_000), *[b" "] * 1_000],
    "a chunk at a time": [head(None, "transfer-encoding: chunked"), *[b"1\r\n \r\n"] * 1_000],
    "a chunk's size at a time": [head(None, "transfer-encoding: chunked"), *[b"0"] * 1_000],
    "headers at a time": [b"HTTP/1.1 200 OK\r\n", *[b"x"] * 1_000],
    "continue, continue": [b"HTTP/1.1 100 Continue\r\n\r\n"] * 1_000,
    "without a length": [head(None), *[b" "] * 1_000],
}


@pytest.mark.parametrize("way", SLOW)
def test_an_answer_that_never_ends_is_not_waited_for(way: str, tmp_path: Path) -> None:
    with serving_raw(lambda _: SLOW[way], pause=0.05) as server:
        started = time.monotonic()
        with pytest.raises(
            errors.AnswerTooSlow,
            match=r"^http://127.* did not end within 0.5 s \(MOOVITAMIX_ANSWER_TIMEOUT\)",
        ):
            page_of(settings_at(server.url, tmp_path, answer_timeout=0.5))
        assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("86400", r"it asks to wait 86,400 s, and MOOVITAMIX_RETRY_AFTER_MAX is 120"),
        ("9" * 5_000, "MOOVITAMIX_WAIT_MAX|in 2 tries"),
        ("Fri, 31 Dec 2100 23:59:59 GMT", "it asks to wait .* MOOVITAMIX_RETRY_AFTER_MAX is 120"),
        ("Fri, 31 Dec 99999 23:59:59 GMT", "in 2 tries|it asks to wait"),
        ("-5", "in 2 tries"),
        ("1e9", "in 2 tries"),
        ("", "in 2 tries"),
    ],
)
def test_an_api_may_ask_to_wait_within_bounds(asked: str, why: str, tmp_path: Path) -> None:
    answer = whole(b"", f"retry-after: {asked}", status="429 Slow down")
    with serving_raw(lambda _: answer) as server:
        started = time.monotonic()
        with pytest.raises(errors.ApiDown, match=why):
            page_of(settings_at(server.url, tmp_path))
        assert time.monotonic() - started < 20


def test_trying_again_ends_as_a_whole(tmp_path: Path) -> None:
    answer = whole(b"", "retry-after: 1", status="503 No")
    with (
        serving_raw(lambda _: answer) as server,
        pytest.raises(errors.ApiDown, match=r"more than 0.5 s \(MOOVITAMIX_WAIT_MAX\)"),
    ):
        page_of(settings_at(server.url, tmp_path, wait_max=0.5))


# --- counts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("total", [10**12, 2**63, 10**30])
def test_more_records_than_a_pull_takes_are_refused(total: int, tmp_path: Path) -> None:
    with serving(OriginalApi(catalogue())) as api:
        settings = settings_for(tmp_path, api)

        def boasts(request: Request, answer: Answer) -> Answer:
            if request.table != "users":
                return answer
            return as_json(200, {**json.loads(answer.body), "total": total})

        api.misbehaviour = boasts
        with pytest.raises(errors.TooManyAnnounced, match=r"^users: .* MOOVITAMIX_RECORDS_MAX is"):
            ingest(settings, as_of=DAY, run_id="r")
        api.misbehaviour = lambda _, answer: answer
        ingest(settings, as_of=DAY, run_id="r")
        require_all_landed(settings.lake_url, api)


def test_more_pages_than_a_pull_takes_are_refused(tmp_path: Path) -> None:
    with serving(OriginalApi(catalogue())) as api:
        settings = settings_for(tmp_path, api, pages_max=4)
        with pytest.raises(
            errors.TooManyAnnounced, match=r"listen_history: the API announces 5 pages"
        ):
            ingest(settings, as_of=DAY, run_id="r")


def test_more_fields_than_a_table_has_columns_are_refused(tmp_path: Path) -> None:
    records = catalogue()
    for number, track in enumerate(records["tracks"]):
        track[f"field {number}"] = number
    with (
        serving(OriginalApi(records)) as api,
        pytest.raises(errors.TooManyColumns, match=r"tracks: .* \(MOOVITAMIX_COLUMNS_MAX\)"),
    ):
        ingest(settings_for(tmp_path, api), as_of=DAY, run_id="r")


# --- encodings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_json_in_another_unicode_encoding_is_read(encoding: str, tmp_path: Path) -> None:
    def encoded(_: Request, answer: Answer) -> Answer:
        text = json.dumps(json.loads(answer.body), ensure_ascii=False)
        return Answer(answer.status, text.encode(encoding)) if answer.status == 200 else answer

    with serving(OriginalApi(catalogue())) as api:
        api.misbehaviour = encoded
        settings = settings_for(tmp_path, api)
        ingest(settings, as_of=DAY, run_id="r")
        require_all_landed(settings.lake_url, api)


def test_half_a_utf_16_page_is_said_to_be_that(tmp_path: Path) -> None:
    body = b"\xff\xfe" + "{}".encode("utf-16-le") + b"\x00"
    with (
        serving_raw(lambda _: whole(body)) as server,
        pytest.raises(errors.UnexpectedAnswer, match="it begins like utf-16, and is none"),
    ):
        page_of(settings_at(server.url, tmp_path))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"items": [\n  {"id": 1}\n  {"id": 2}\n]}',
            'line 3, column 3, byte 26 stands \'{"id": 2',
        ),
        ('{"items": ["é", }'.encode(), "at line 1, column 17, byte 17 stands"),
        (b'{"items": [{"id": 1}, {"id"', "it ends at line 1, column 28, byte 27, in the middle"),
        (b"", "is no JSON: it is empty"),
        (b"  <!doctype html><title>Sign in</title>", "a page for people, to log in most likely"),
        (b"<?xml version='1.0'?><a/>", "an XML document"),
        (b"Gone fishing", "it begins with 'Gone fishing'"),
    ],
)
def test_what_is_no_json_is_shown_where_it_stops_being_that(body: bytes, expected: str) -> None:
    with pytest.raises(errors.NotJson, match=expected.replace("(", "\\(")) as raised:
        parse([Body("tracks, page 1", body)], TRACKS)
    assert len(str(raised.value)) < 400


# --- all of it at once ---------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=30,
)
BODIES = st.one_of(
    JSON.map(lambda value: json.dumps(value).encode()),
    st.lists(JSON, max_size=5).map(lambda items: envelope(json.dumps(items), len(items))),
    st.integers(1, 5_000).map(lambda depth: b"[" * depth),
    st.integers(1, 200).map(lambda depth: envelope("[" * depth + "]" * depth)),
    st.integers(1, 3_000_000).map(lambda size: b" " * size + b"{}"),
    st.binary(max_size=200),
)
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "gzip, gzip": lambda body: gzip.compress(gzip.compress(body)),
}


@profile(deadline=None, max_examples=60)
@given(
    body=BODIES,
    coding=st.sampled_from(sorted(CODINGS)),
    encoding=st.sampled_from(["", "utf-8-sig", "utf-16"]),
    is_chunked=st.booleans(),
    cut=st.sampled_from([0, 1, 7]),
)
def test_every_answer_is_a_page_or_an_error_that_says_so(
    tmp_path_factory: pytest.TempPathFactory,
    body: bytes,
    coding: str,
    encoding: str,
    *,
    is_chunked: bool,
    cut: int,
) -> None:
    encoded = body.decode(errors="replace").encode(encoding) if encoding else body
    packed = CODINGS[coding](encoded)
    packed = packed[: len(packed) - cut] if cut else packed
    more = [] if coding == "identity" else [f"content-encoding: {coding}"]
    answer = in_chunks(packed, *more) if is_chunked else whole(packed, *more)
    folder = tmp_path_factory.mktemp("bounds")
    with serving_raw(lambda _: answer) as server:
        settings = settings_at(server.url, folder, answer_max_mb=1, retries=0)
        started = time.process_time()
        try:
            read = page_of(settings)
            assert len(read.raw) <= 2 * MEGABYTE
            parsed = parse([read], TRACKS)
            said_no = ""
        except errors.IngestionError as error:
            said_no = str(error)
        assert "\n" not in said_no
        assert len(said_no) < 500
        assert said_no or parsed.pages[0].received == len(json.loads(read.raw)["items"])
        assert time.process_time() - started < 5
