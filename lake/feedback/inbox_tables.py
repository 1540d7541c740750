"""The tables of the inbox, and what its transactions do to them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from time import time_ns
from typing import Any, NamedTuple
from uuid import uuid4

import sqlalchemy as sa

from lake.clock import utc_now

KEY_LENGTH, PLAYLIST_LENGTH = 64, 200
CHUNK = 5_000
HIDING = {"hide": True, "unhide": False}
_CLEAR = "clear"
FOLLOWED = (*HIDING, _CLEAR)

METADATA = sa.MetaData()
FEEDBACK = sa.Table(
    "feedback",
    METADATA,
    sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", sa.String(KEY_LENGTH), nullable=False, unique=True),
    sa.Column("user_id", sa.Integer, index=True),  # null: hidden tracks must be read again
    sa.Column("track_id", sa.Integer),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("happened_at", sa.DateTime, nullable=False),
    sa.Column("received_at", sa.DateTime, nullable=False),
    sa.Column("playlist_id", sa.String(PLAYLIST_LENGTH)),
    sa.Column("position", sa.Integer),
)
HIDDEN = sa.Table(
    "hidden",
    METADATA,
    sa.Column("user_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("track_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("is_hidden", sa.Boolean, nullable=False),
    sa.Column("happened_at", sa.DateTime, nullable=False),
)


class Event(NamedTuple):
    """One event as the app reported it; instants are UTC without a zone."""

    key: str
    user_id: int
    track_id: int
    kind: str
    happened_at: datetime
    playlist_id: str | None = None
    position: int | None = None


def known_keys(connection: sa.Connection, keys: Sequence[str]) -> set[str]:
    """Return which of some keys are in the inbox."""
    column = FEEDBACK.c.key
    return {
        key
        for chunk in chunks(keys)
        for key in connection.scalars(sa.select(column).where(column.in_(chunk)))
    }


def insert(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """Insert rows with the next ids: microseconds since 1970, or one more than the highest."""
    last = connection.scalar(sa.select(sa.func.max(FEEDBACK.c.event_id))) or 0
    first = max(last + 1, time_ns() // 1_000)
    now = utc_now()
    connection.execute(
        FEEDBACK.insert(),
        [{**row, "event_id": first + at, "received_at": now} for at, row in enumerate(rows)],
    )


def hide(connection: sa.Connection, events: list[Event]) -> None:
    """Apply events to the hidden tracks: the one that happened last decides."""
    of_users = HIDDEN.c.user_id.in_
    current = {
        (row.user_id, row.track_id): row
        for chunk in chunks(sorted({event.user_id for event in events}))
        for row in connection.execute(sa.select(HIDDEN).where(of_users(chunk)))
    }
    changed: dict[tuple[int, int], dict[str, Any]] = {}
    for event in events:
        pair = (event.user_id, event.track_id)
        before = changed.get(pair, pair in current and current[pair]._asdict())
        if not before or event.happened_at >= before["happened_at"]:
            changed[pair] = {
                "user_id": event.user_id,
                "track_id": event.track_id,
                "is_hidden": HIDING[event.kind],
                "happened_at": event.happened_at,
            }
    if not changed:
        return
    connection.execute(
        HIDDEN.delete().where(
            HIDDEN.c.user_id == sa.bindparam("of_user"),
            HIDDEN.c.track_id == sa.bindparam("of_track"),
        ),
        [{"of_user": user_id, "of_track": track_id} for user_id, track_id in changed],
    )
    connection.execute(HIDDEN.insert(), list(changed.values()))


def names(connection: sa.Connection, user_id: int) -> bool:
    """Return whether any row names a user."""
    return any(
        connection.execute(sa.select(table.c.user_id).where(table.c.user_id == user_id)).first()
        for table in (FEEDBACK, HIDDEN)
    )


def users(connection: sa.Connection) -> set[int]:
    """Return the users that any row names."""
    found: set[int] = set()
    for table in (FEEDBACK, HIDDEN):
        named = sa.select(table.c.user_id).where(table.c.user_id.is_not(None)).distinct()
        found |= set(connection.scalars(named))
    return found


def delete(connection: sa.Connection, user_id: int) -> int:
    """Delete all rows of a user; return how many there were."""
    deletions = [table.delete().where(table.c.user_id == user_id) for table in (FEEDBACK, HIDDEN)]
    return sum(connection.execute(deletion).rowcount for deletion in deletions)


def clearing(user_id: int | None) -> dict[str, Any]:
    """Return the event that voids a user's feedback; for None, that somebody was forgotten."""
    # with a space, which no key of the app has
    unset = dict.fromkeys(("track_id", "playlist_id", "position"))
    key = f"{_CLEAR} {uuid4().hex}"
    return {"key": key, "user_id": user_id, "kind": _CLEAR, "happened_at": utc_now(), **unset}


def chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield parts that a statement can take as parameters."""
    for begin in range(0, len(values), CHUNK):
        yield values[begin : begin + CHUNK]
