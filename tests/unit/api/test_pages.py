"""The envelope, and which records a page and a window hold."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from api.source.http.paging import PageQuery, answer
from api.source.view import View, settled
from api.source.world.parameters import microseconds
from tests.support.rendered import rows

EPOCH = datetime(1970, 1, 1)
VIEW = View.of([settled(rows((second * 1_000_000, second) for second in range(10)), 10**9)])


def at(second: int) -> datetime:
    return EPOCH + timedelta(seconds=second)


def ask(page: int, size: int, since: datetime | None = None, until: datetime | None = None) -> Any:
    return json.loads(answer(VIEW, PageQuery(page, size, since, until)))


def test_the_envelope_tells_what_there_is() -> None:
    assert ask(2, 4) == {
        "items": [[second * 1_000_000, second] for second in range(4, 8)],
        "total": 10,
        "page": 2,
        "size": 4,
        "pages": 3,
    }


def test_a_page_beyond_the_last_is_empty() -> None:
    assert ask(4, 4) == {"items": [], "total": 10, "page": 4, "size": 4, "pages": 3}
    assert ask(10**20, 4)["items"] == []


def test_a_window_holds_its_begin_and_not_its_end() -> None:
    answered = ask(1, 100, at(3), at(6))

    assert [identity for _, identity in answered["items"]] == [3, 4, 5]
    assert (answered["total"], answered["pages"]) == (3, 1)


def test_an_empty_or_reversed_window_holds_nothing() -> None:
    for since, until in ((at(4), at(4)), (at(6), at(3)), (at(50), None), (None, at(0))):
        answered = ask(1, 100, since, until)
        assert (answered["items"], answered["total"], answered["pages"]) == ([], 0, 0)


@given(st.integers(0, 11), st.integers(0, 11), st.integers(1, 12))
def test_windows_that_meet_hold_each_record_once(first: int, second: int, size: int) -> None:
    bounds = [None, *sorted((at(first), at(second))), None]
    received = []
    for since, until in pairwise(bounds):
        pages = ask(1, size, since, until)["pages"]
        for page in range(1, pages + 1):
            received += [identity for _, identity in ask(page, size, since, until)["items"]]

    assert received == list(range(10))


def test_microseconds_are_exact() -> None:
    assert microseconds(datetime(2026, 1, 14, 21, 57, 37, 571539)) == 1_768_427_857_571_539
