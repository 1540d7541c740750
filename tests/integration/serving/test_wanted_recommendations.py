"""Recommendations limited by mode, genre and excluded tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.support.served_marts import Marts
from tests.support.serving_server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.serving_server import RunningServing

GENRES = {0: "jazz", 1: "funk", 2: "folk"}  # by the id's rest; track 3 has none


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServing]:
    """A publication whose users heard again what comes from rank 11 on."""
    data_dir: Path = tmp_path_factory.mktemp("data")
    Marts().publish(data_dir / "marts.duckdb")
    with duckdb.connect(data_dir / "marts.duckdb") as marts:
        marts.execute("update recommendations set strategy = 'again' where rank > 10")
    with serving(data_dir) as running:
        yield running


def ids(answered: dict[str, Any]) -> list[int]:
    return [item["track_id"] for item in answered["items"]]


def of_genre(genre: str, tracks: list[int]) -> list[int]:
    return [track for track in tracks if track != 3 and GENRES[track % 3] == genre]


LISTED, POPULAR = [*range(4, 24)], [*range(40, 0, -1)]  # user 10's, and everybody's
FILLED = LISTED + [track for track in POPULAR if track not in LISTED]


@pytest.mark.parametrize("genre", ["jazz", "funk", "folk"])
def test_a_genre_is_filled_up_with_what_is_popular_of_it(
    running: RunningServing, genre: str
) -> None:
    asked = f"/users/10/recommendations?limit=50&genre={genre.upper()}"
    answered = running.get(asked)
    assert ids(answered) == of_genre(genre, FILLED)
    assert [item["rank"] for item in answered["items"]] == [*range(1, len(ids(answered)) + 1)]
    assert answered["items"][-1]["strategy"] == "popularity"
    assert (
        ids(running.get(f"/users/7/recommendations?limit=3&genre=%20{genre}"))
        == of_genre(genre, POPULAR)[:3]
    )


@pytest.mark.parametrize("genre", ["polka", "%22", "jaz", "azz", "♪"])
def test_a_genre_that_no_track_has_is_an_empty_list(running: RunningServing, genre: str) -> None:
    answered = running.get(f"/users/10/recommendations?genre={genre}")
    assert (answered["items"], answered["known"]) == ([], True)


def test_excluded_tracks_are_replaced_by_what_follows(running: RunningServing) -> None:
    answered = running.get("/users/10/recommendations?limit=20&exclude=4,6,999,-5")
    left = [track for track in FILLED if track not in {4, 6}]
    assert ids(answered) == left[:20]
    assert answered["strategy"] == "model"
    many = ",".join(map(str, range(1, 40)))
    assert ids(running.get(f"/users/10/recommendations?exclude={many}")) == [40]
    assert ids(running.get(f"/users/7/recommendations?exclude={many}")) == [40]


def test_discover_holds_nothing_heard_before(running: RunningServing) -> None:
    answered = running.get("/users/10/recommendations?mode=discover&limit=50")
    assert ids(answered) == LISTED[:10]  # no popular ones: the user may have heard them
    assert ids(running.get("/users/7/recommendations?mode=discover&limit=3")) == POPULAR[:3]
    assert ids(running.get("/users/10/recommendations?mode=discover&exclude=4&limit=2")) == [5, 6]


def test_again_is_the_order_of_on_repeat(running: RunningServing) -> None:
    answered = running.get("/users/10/recommendations?mode=again&limit=50")
    items = running.get("/playlists/10-on_repeat")["items"]
    assert ids(answered) == [item["track_id"] for item in items]
    assert answered["items"][0]["because"] == items[0]["because"]
    assert {item["strategy"] for item in answered["items"]} == {answered["strategy"]} == {"again"}
    assert [item["score"] for item in answered["items"][:2]] == [1, 0.5]
    jazz = running.get("/users/10/recommendations?mode=again&genre=jazz&limit=50")
    assert ids(jazz) == of_genre("jazz", ids(answered))
    assert running.get("/users/7/recommendations?mode=again")["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        "mode=both",
        "genre=",
        f"genre={'x' * 101}",
        "exclude=",
        "exclude=1,",
        "exclude=a",
        "exclude=1,%D9%A1",
        f"exclude={','.join(['1'] * 201)}",
    ],
)
def test_a_filter_that_makes_no_sense_is_a_problem(running: RunningServing, query: str) -> None:
    answered = running.ask(f"/users/10/recommendations?{query}")
    assert answered.status == 422
    assert answered.json()["faults"][0]["where"] == ["query", query.split("=", maxsplit=1)[0]]


def test_two_hundred_tracks_can_be_excluded(running: RunningServing) -> None:
    many = ",".join(map(str, range(1_000_000, 1_000_200)))
    assert ids(running.get(f"/users/10/recommendations?exclude={many}&limit=20")) == LISTED
