"""Sessions of strangers: what goes with a few tracks, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.served_marts import Marts
from tests.support.serving_server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.serving_server import RunningServing

TRACKS, SIMILAR = 300, 20


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServing]:
    """Each track but the last is like the 20 that follow it, the nearest most."""
    data_dir: Path = tmp_path_factory.mktemp("data")
    Marts(tracks=TRACKS).publish(data_dir / "marts.duckdb")
    with serving(data_dir) as running:
        yield running


def ask(running: RunningServing, **body: Any) -> dict[str, Any]:
    answered = running.ask("/recommendations:session", method="POST", body=body)
    assert answered.status == 200, answered.data
    found: dict[str, Any] = answered.json()
    return found


def ids(answered: dict[str, Any]) -> list[int]:
    return [item["track_id"] for item in answered["items"]]


def expected(seeds: list[int]) -> list[int]:
    """The same, counted in the plainest way."""
    sums: dict[int, float] = {}
    for seed in set(seeds) - {TRACKS}:
        for rank in range(1, SIMILAR + 1):
            track = (seed + rank) % TRACKS + 1
            sums[track] = sums.get(track, 0) + 1 / (rank + 1)
    ranked = sorted(sums, key=lambda track: (-round(sums[track], 5), track))
    popular = [*range(TRACKS, TRACKS - 60, -1)]
    listed = ranked + [track for track in popular if track not in sums]
    return [track for track in listed if track not in seeds][:100]


@pytest.mark.parametrize("seeds", [[5], [5, 6], [5, 9, 5, 200], [TRACKS], [*range(1, 51)]])
def test_a_session_gets_what_is_most_like_all_of_it(
    running: RunningServing, seeds: list[int]
) -> None:
    answered = ask(running, track_ids=seeds, size=100)
    wanted = expected(seeds)
    assert len(wanted) > 50
    assert ids(answered) == wanted
    assert (answered["known"], answered["total"]) == (len(set(seeds)), len(wanted))


def test_each_track_says_why_it_is_there(running: RunningServing) -> None:
    answered = ask(running, track_ids=[5, 6], size=100)
    first, last = answered["items"][0], answered["items"][-1]
    assert (first["track_id"], first["rank"], first["strategy"]) == (8, 1, "neighbours")
    assert first["score"] == pytest.approx(1 / 3 + 1 / 2, rel=1e-5)
    assert first["because"]["track_id"] == 6
    assert (last["strategy"], last["because"], last["rank"]) == (
        "popularity",
        None,
        len(ids(answered)),
    )
    assert (answered["model_version"], answered["stale"]) == (1, False)


@pytest.mark.parametrize("size", [1, 7, 50])
def test_pages_make_up_one_list(running: RunningServing, size: int) -> None:
    whole = ask(running, track_ids=[5], size=100)
    pages = [
        ask(running, track_ids=[5], size=size, page=page)
        for page in range(1, whole["total"] // size + 2)
    ]
    assert [item for page in pages for item in page["items"]] == whole["items"]
    assert {page["total"] for page in pages} == {whole["total"]}
    assert ask(running, track_ids=[5], size=100, page=2)["items"] == []
    assert ask(running, track_ids=[5])["size"] == 20


def test_ids_that_are_unknown_are_ignored(running: RunningServing) -> None:
    answered = ask(running, track_ids=[5, 999, -1])
    assert (ids(answered), answered["known"]) == (ids(ask(running, track_ids=[5])), 1)
    strange = ask(running, track_ids=[999], size=3)
    assert (ids(strange), strange["known"]) == ([TRACKS, TRACKS - 1, TRACKS - 2], 0)
    assert {item["strategy"] for item in strange["items"]} == {"popularity"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"track_ids": []},
        {"track_ids": [1] * 51},
        {"track_ids": [2**31]},
        {"track_ids": [1], "page": 0},
        {"track_ids": [1], "size": 101},
        {"track_ids": [1], "more": 1},
    ],
)
def test_a_session_that_makes_no_sense_is_a_problem(
    running: RunningServing, body: dict[str, Any]
) -> None:
    answered = running.ask("/recommendations:session", method="POST", body=body)
    assert (answered.status, answered.json()["status"]) == (422, 422)
