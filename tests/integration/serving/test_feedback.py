"""Feedback over HTTP: durable, exactly once by its key, and what is hidden is gone at once."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from api.serving.feedback.event_schemas import MOST_EVENTS
from tests.support.served_marts import Marts
from tests.support.serving_server import serving, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.serving_server import RunningServing

USER, OTHER, STRANGER = 10, 30, 7


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def running(data_dir: Path) -> Iterator[RunningServing]:
    """Two workers over a small publication."""
    Marts().publish(data_dir / "marts.duckdb")
    with serving(data_dir, workers=2) as running:
        yield running


def event(kind: str = "like", user_id: int = USER, track_id: int = 4, **more: Any) -> Any:
    return {"key": uuid4().hex, "user_id": user_id, "track_id": track_id, "kind": kind, **more}


def report(running: RunningServing, *events: Any) -> Any:
    answered = running.ask("/feedback", method="POST", body={"events": list(events)})
    assert answered.status == 202, answered.data
    return answered.json()


def stored(data_dir: Path, columns: str = "key") -> list[Any]:
    with closing(sqlite3.connect(data_dir / "feedback" / "inbox.sqlite")) as inbox:
        rows = inbox.execute(f"select {columns} from feedback order by event_id").fetchall()
    return [row[0] if len(row) == 1 else row for row in rows]


def ask_each_worker(running: RunningServing, user_id: int = USER) -> set[int]:
    """Track ids of a user's answers over many connections, so of both workers."""
    shown: set[int] = set()
    for _ in range(12):
        running.pool.clear()
        shown |= set(running.tracks_of(user_id))
    return shown


def clear(running: RunningServing, user_id: int = USER) -> None:
    assert running.ask(f"/users/{user_id}/feedback", method="DELETE").status == 204


# --- what is stored ------------------------------------------------------------------------------


def test_an_event_is_stored_as_it_was_reported(running: RunningServing, data_dir: Path) -> None:
    at = "2026-02-03T04:05:06.789+02:00"
    one = event("skip", at=at, playlist_id="discover-10", position=3)
    assert report(running, one) == {"accepted": 1, "duplicates": 0}
    columns = "key, user_id, track_id, kind, happened_at, playlist_id, position"
    expected = (one["key"], 10, 4, "skip", "2026-02-03 02:05:06.789000", "discover-10", 3)
    assert stored(data_dir, columns)[-1] == expected


def test_an_event_of_a_known_key_changes_nothing(running: RunningServing, data_dir: Path) -> None:
    first = event("like")
    again = first | {"kind": "hide", "track_id": 5}
    assert report(running, first, again) == {"accepted": 1, "duplicates": 1}
    assert report(running, again, event()) == {"accepted": 1, "duplicates": 1}
    rows = stored(data_dir, "key, kind, track_id")
    assert [row for row in rows if row[0] == first["key"]] == [(first["key"], "like", 4)]
    assert 5 in running.tracks_of(USER)


def test_each_event_is_stored_once_over_retries_at_the_same_time(
    running: RunningServing, data_dir: Path
) -> None:
    batches = [[event(user_id=STRANGER) for _ in range(40)] for _ in range(6)]
    counted: list[int] = []

    def send() -> None:
        counted.extend(report(running, *batch)["accepted"] for batch in batches)

    before = len(stored(data_dir))
    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = stored(data_dir)[before:]
    assert sum(counted) == 240
    assert sorted(keys) == sorted(one["key"] for batch in batches for one in batch)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "love"},
        {"user_id": "10"},
        {"track_id": 2**31},
        {"track_id": None},
        {"key": ""},
        {"key": "x" * 65},
        {"key": "with space"},
        {"at": "yesterday"},
        {"at": 1_700_000_000},
        {"at": "1700000000"},
        {"at": "0001-01-01T00:00:00+23:00"},
        {"at": "2999-01-01T00:00:00"},
        {"position": 0},
        {"more": 1},
    ],
    ids=str,
)
def test_a_wrong_event_is_named_and_nothing_of_its_batch_is_stored(
    running: RunningServing, data_dir: Path, wrong: dict[str, Any]
) -> None:
    before = stored(data_dir)
    events = [event(), event(), event() | wrong]
    answered = running.ask("/feedback", method="POST", body={"events": events})
    assert answered.status == 422
    assert {tuple(fault["where"][:3]) for fault in answered.json()["faults"]} == {
        ("body", "events", 2)
    }
    assert stored(data_dir) == before


@trying(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    odd=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda some: (
            st.lists(some, max_size=3)
            | st.dictionaries(st.sampled_from(["events", *event(at="", position=1)]), some)
        ),
        max_leaves=12,
    )
)
def test_whatever_is_sent_is_stored_or_refused(running: RunningServing, odd: Any) -> None:
    for body in (odd, {"events": [odd]}, {"events": [event(playlist_id=odd)]}):
        answered = running.pool.request(
            "POST",
            f"{running.url}/feedback",
            body=json.dumps(body).encode(),
            headers={"x-api-key": running.key, "content-type": "application/json"},
            retries=False,
        )
        assert answered.status in {202, 422}, (body, answered.data)


def test_a_batch_has_at_most_a_thousand_events(running: RunningServing) -> None:
    many = [event(user_id=STRANGER, playlist_id="p" * 200) for _ in range(MOST_EVENTS)]
    assert report(running, *many) == {"accepted": MOST_EVENTS, "duplicates": 0}
    for events in ([], [*many, event()]):
        assert running.ask("/feedback", method="POST", body={"events": events}).status == 422


def test_a_batch_costs_a_tenth_of_an_answer_for_each_event(tmp_path: Path) -> None:
    limits = {"MOOVITAMIX_SERVING_RATE": "0.01", "MOOVITAMIX_SERVING_BURST": "100"}
    with serving(tmp_path, workers=1, **limits) as running:
        report(running, *(event() for _ in range(MOST_EVENTS)))
        refused = running.ask("/feedback", method="POST", body={"events": [event()]})
    assert (refused.status, int(refused.headers["retry-after"]) > 0) == (429, True)


# --- what is hidden ------------------------------------------------------------------------------


def test_a_hidden_track_is_gone_from_every_answer_of_that_user_alone(
    running: RunningServing,
) -> None:
    before = running.tracks_of(USER)
    gone = before[2]
    others = [one for one in before if one != gone]
    report(running, event("hide", track_id=gone))

    assert running.tracks_of(USER) == others
    short = running.get("/users/10/recommendations?limit=5")["items"]
    assert [item["track_id"] for item in short] == others[:5]
    assert [item["rank"] for item in short] == [1, 2, 3, 4, 5]
    batch = {"user_ids": [USER, OTHER], "limit": 50}
    mine, other = running.ask("/recommendations:batch", method="POST", body=batch).json()["answers"]
    assert [item["track_id"] for item in mine["items"]] == others
    assert gone in [item["track_id"] for item in other["items"]]
    clear(running)
    assert running.tracks_of(USER) == before


def test_a_hidden_track_is_no_reason_either(running: RunningServing) -> None:
    (item, *_) = running.get("/users/10/recommendations?limit=1")["items"]
    reason = item["because"]["track_id"]
    report(running, event("hide", track_id=reason))
    (again, *_) = running.get("/users/10/recommendations?limit=1")["items"]
    assert (again["track_id"], again["because"]) == (item["track_id"], None)
    clear(running)


def test_a_hidden_track_is_gone_from_the_playlists_of_that_user_alone(
    running: RunningServing,
) -> None:
    def tracks(playlist: str) -> list[int]:
        return [item["track_id"] for item in running.get(f"/playlists/{playlist}")["items"]]

    before, other, popular = tracks("10-discover"), tracks("30-discover"), tracks("popular")
    gone = before[1]
    report(running, event("hide", track_id=gone))
    assert tracks("10-discover") == [one for one in before if one != gone]
    (discover, *_) = running.get("/users/10/playlists")["playlists"]
    assert discover["tracks"] == len(before) - 1
    assert (tracks("30-discover"), tracks("popular")) == (other, popular)
    for suffix in (".jspf", ".m3u8"):
        shown = running.ask(f"/playlists/10-discover{suffix}").data.decode()
        assert f"moovitamix:track:{gone}\n" not in shown.replace('"', "\n")
        assert f"moovitamix:track:{before[0]}\n" in shown.replace('"', "\n")
    clear(running)


@pytest.mark.parametrize("user_id", [-(2**31), STRANGER, 2**31 - 1])
def test_the_popular_tracks_leave_out_what_somebody_hid(
    running: RunningServing, user_id: int
) -> None:
    report(running, event("hide", user_id=user_id, track_id=40))
    assert running.tracks_of(user_id)[0] == 39
    clear(running, user_id)
    assert running.tracks_of(user_id)[0] == 40


def test_a_user_who_hid_the_whole_list_gets_the_popular_tracks(running: RunningServing) -> None:
    hidden = running.tracks_of(USER)
    report(running, *(event("hide", track_id=one) for one in hidden))
    answered = running.get("/users/10/recommendations?limit=50")
    shown = [item["track_id"] for item in answered["items"]]
    assert (answered["known"], answered["strategy"]) == (True, "popularity")
    assert shown == [one for one in range(40, 0, -1) if one not in hidden]
    clear(running)


def test_every_worker_leaves_it_out_within_a_second(running: RunningServing) -> None:
    gone = running.tracks_of(USER)[2]
    report(running, event("hide", track_id=gone))
    assert wait_for(lambda: gone not in ask_each_worker(running)) < 1
    report(running, event("unhide", track_id=gone))
    wait_for(lambda: gone in ask_each_worker(running))
    clear(running)


def test_what_happened_last_decides_in_whatever_order_it_comes(running: RunningServing) -> None:
    gone, early, late = running.tracks_of(USER)[1], "2026-05-01T10:00:00", "2026-05-01T11:00:00"
    report(running, event("unhide", track_id=gone, at=late))
    report(running, event("hide", track_id=gone, at=early))
    assert gone in running.tracks_of(USER)
    report(running, event("hide", track_id=gone, at=late))
    assert gone not in running.tracks_of(USER)
    clear(running)


def test_a_user_who_clears_has_nothing_left_but_that(
    running: RunningServing, data_dir: Path
) -> None:
    report(running, event("hide", user_id=OTHER), event("like", user_id=OTHER))
    clear(running, OTHER)
    rows = stored(data_dir, "user_id, track_id, kind")
    assert [row for row in rows if row[0] == OTHER] == [(OTHER, None, "clear")]
    report(running, event("like", user_id=OTHER, track_id=9))
    assert (OTHER, 9, "like") in stored(data_dir, "user_id, track_id, kind")


def test_a_restart_keeps_events_and_hidden_tracks(tmp_path: Path) -> None:
    Marts().publish(tmp_path / "marts.duckdb")
    with serving(tmp_path) as running:
        gone = running.tracks_of(USER)[0]
        report(running, event("hide", track_id=gone))
    with serving(tmp_path, workers=2) as running:
        assert gone not in ask_each_worker(running)
    assert len(stored(tmp_path)) == 1


def test_a_damaged_inbox_is_a_problem_and_a_line_in_the_log(tmp_path: Path) -> None:
    Marts().publish(tmp_path / "marts.duckdb")
    (tmp_path / "feedback").mkdir()
    (tmp_path / "feedback" / "inbox.sqlite").write_bytes(b"no database" * 1000)
    with serving(tmp_path) as running:
        for answered in (
            running.ask("/feedback", method="POST", body={"events": [event()]}),
            running.ask("/users/10/feedback", method="DELETE"),
            running.ask("/users/10/recommendations"),
        ):
            assert (answered.status, answered.headers["retry-after"]) == (503, "5")
        assert running.ask("/tracks/3/similar").status == 200
        wait_for(lambda: "put its file back from a backup" in running.log.read_text())
