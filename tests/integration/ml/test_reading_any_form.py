"""The same log, in whatever way it is written, gives the same interactions."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.data.external.reading_options import ReadingOptions
from ml.data.reading import read_listens
from tests.support.written_logs import HEADERS, SPELLINGS, Row, Ways, rows, ways, write

if TYPE_CHECKING:
    from ml.data.listens import Listens


def _plain(log: list[Row]) -> Counter[tuple[str, str, datetime, int]]:
    return Counter((str(user), str(track), at, plays) for user, track, at, plays in log)


def _of(read: Listens) -> Counter[tuple[str, str, datetime, int]]:
    assert read.at is not None
    return Counter(
        (
            str(read.users[user]),
            str(read.tracks[track]),
            at.astype("datetime64[us]").astype(datetime).replace(tzinfo=UTC),
            int(plays),
        )
        for user, track, at, plays in zip(read.user, read.track, read.at, read.plays, strict=True)
    )


def _round_trip(log: list[Row], its: Ways, options: ReadingOptions | None = None) -> Listens:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "listens"
        write(log, path, its)
        return read_listens(path, options=options)


@settings(deadline=None, max_examples=60)
@given(log=rows(), its=ways())
def test_the_same_log_in_any_form_gives_the_same_interactions(log: list[Row], its: Ways) -> None:
    read = _round_trip(log, its)
    assert _of(read) == _plain(log)
    kinds = {type(user) for user, *_ in log}
    assert (read.users.dtype.kind == "i") == (kinds == {int})


@pytest.mark.parametrize("spelling", sorted(SPELLINGS))
@settings(deadline=None, max_examples=5)
@given(log=rows(2))
def test_instants_of_every_spelling_are_the_same(spelling: str, log: list[Row]) -> None:
    assert _of(_round_trip(log, Ways(spelling=spelling, delimiter="\t"))) == _plain(log)


@pytest.mark.parametrize("headers", HEADERS)
@settings(deadline=None, max_examples=3)
@given(log=rows(2), form=st.sampled_from(["csv", "json", "parquet"]))
def test_headers_of_every_program_are_understood(
    headers: tuple[str, ...], log: list[Row], form: str
) -> None:
    assert _of(_round_trip(log, Ways(headers=headers, form=form))) == _plain(log)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16-le", "utf-16-be", "mac-roman"])
@settings(deadline=None, max_examples=4)
@given(log=rows(2), form=st.sampled_from(["csv", "jsonl"]))
def test_an_encoding_that_is_named_is_read(encoding: str, log: list[Row], form: str) -> None:
    own = [(f"é{user}", track, at, plays) for user, track, at, plays in log]
    readable = [row for row in own if _fits(f"{row[0]}{row[1]}", encoding)]
    its = Ways(encoding=encoding, form=form, spelling="epoch seconds")
    if readable:
        read = _round_trip(readable, its, ReadingOptions(encoding=encoding))
        assert _of(read) == _plain(readable)


def _fits(text: str, encoding: str) -> bool:
    try:
        return bool(text.encode(encoding))
    except UnicodeEncodeError:
        return False


@settings(deadline=None, max_examples=10)
@given(log=rows(2), its=ways())
def test_a_file_without_a_header_is_read_by_numbers(log: list[Row], its: Ways) -> None:
    plain = [
        (f"u{user}".replace("\n", " "), f"t{track}".replace("\n", " "), at, plays)
        for user, track, at, plays in log
    ]
    own = replace(its, form="csv", ids="as they are")
    places = {
        name: str(own.order.index(at) + 1)
        for at, name in enumerate(("user_id", "track_id", "listened_at", "plays"))
    }
    with TemporaryDirectory() as folder:
        path = Path(folder) / "listens"
        write(plain, path, replace(own, packing="", encoding="utf-8"))
        text = path.read_bytes().decode().split(own.newline, 1)[1]
        path.write_bytes(text.encode())
        read = read_listens(path, options=ReadingOptions(columns=places, delimiter=own.delimiter))
    assert _of(read) == _plain(plain)
