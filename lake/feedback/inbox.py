"""The inbox: the SQL database that feedback waits in until an ingest puts it into the lake.

SQLite in one file where one machine serves, PostgreSQL where several do. Writing transactions run
one after the other, and ids grow in the order of commits, also over a lost database: so whatever
follows the inbox by the highest id that it knows misses nothing.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from lake.errors import InboxUnavailable
from lake.feedback import inbox_tables
from lake.feedback.inbox_tables import FEEDBACK, HIDDEN, HIDING, Event

_LOCK = 7_316_112_804
"""PostgreSQL's advisory lock of writers."""
_TIMEOUT = 30
"""Seconds that a writer waits for another."""


class Changes(NamedTuple):
    """Whose hidden tracks may have changed, up to an event; None stands for all users."""

    last: int
    users: frozenset[int] | None


class Inbox:
    """The tables of the inbox; each method is one transaction and raises `InboxUnavailable`."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self._is_sqlite = self._url.get_backend_name() == "sqlite"
        if self._is_sqlite:
            self._engine = sa.create_engine(self._url, connect_args={"timeout": _TIMEOUT})
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
        else:
            url_ = self._url.set(drivername="postgresql+psycopg2")
            self._engine = sa.create_engine(
                url_, pool_pre_ping=True, connect_args={"connect_timeout": 5}
            )

    def exists(self) -> bool:
        """Whether there is an inbox: none was made where nothing ever served."""
        if self._is_sqlite and not Path(str(self._url.database)).exists():
            return False
        with self._reading() as connection:
            return bool(sa.inspect(connection).has_table(FEEDBACK.name))

    def create(self) -> None:
        """Make the tables unless they are there."""
        if self._is_sqlite:
            Path(str(self._url.database)).parent.mkdir(parents=True, exist_ok=True)
        with self._writing() as connection:
            inbox_tables.METADATA.create_all(connection)

    def add(self, batches: Sequence[Sequence[Event]]) -> list[int]:
        """Store batches of events in one commit; those whose key is known change nothing.

        Returns:
            How many events of each batch were new.
        """
        with self._writing() as connection:
            keys = {event.key for batch in batches for event in batch}
            known = inbox_tables.known_keys(connection, sorted(keys))
            fresh: list[list[Event]] = []
            for batch in batches:
                fresh.append([])
                for event in batch:
                    if event.key not in known:
                        known.add(event.key)
                        fresh[-1].append(event)
            events = [event for batch in fresh for event in batch]
            if events:
                inbox_tables.insert(connection, [event._asdict() for event in events])
                inbox_tables.hide(connection, [event for event in events if event.kind in HIDING])
        return [len(batch) for batch in fresh]

    def clear(self, user_id: int) -> None:
        """Delete a user's feedback; the event `clear` voids what the lake has of it."""
        with self._writing() as connection:
            inbox_tables.delete(connection, user_id)
            inbox_tables.insert(connection, [inbox_tables.clearing(user_id)])
        self._truncate_log()

    def forget(self, user_id: int) -> int:
        """Erase all that names a user; return how many rows that were."""
        with self._writing() as connection:
            if erased := inbox_tables.delete(connection, user_id):
                inbox_tables.insert(connection, [inbox_tables.clearing(None)])
        if erased:
            self._truncate_log()
        return erased

    def users(self) -> set[int]:
        """Return the users that any row names."""
        with self._reading() as connection:
            return inbox_tables.users(connection)

    def knows(self, user_id: int) -> bool:
        """Whether any row names a user."""
        with self._reading() as connection:
            return inbox_tables.names(connection, user_id)

    def changes(self, after: int | None) -> Changes:
        """Whose hidden tracks changed after an event; None asks for all users."""
        with self._reading() as connection:
            last = connection.scalar(sa.select(sa.func.max(FEEDBACK.c.event_id))) or 0
            if after is None or last <= after:
                return Changes(max(last, after or 0), None if after is None else frozenset())
            found = connection.scalars(
                sa.select(FEEDBACK.c.user_id)
                .where(FEEDBACK.c.event_id > after, FEEDBACK.c.event_id <= last)
                .where(FEEDBACK.c.kind.in_(inbox_tables.FOLLOWED))
            )
            users = frozenset(found)
        return Changes(last, None if None in users else users)

    def hidden(self, users: frozenset[int] | None) -> list[tuple[int, int]]:
        """Pairs of a user and a track that the user hid, sorted; of all users if None."""
        query = sa.select(HIDDEN.c.user_id, HIDDEN.c.track_id).where(HIDDEN.c.is_hidden)
        parts = [query] if users is None else [
            query.where(HIDDEN.c.user_id.in_(chunk)) for chunk in inbox_tables.chunks(sorted(users))
        ]  # fmt: skip
        with self._reading() as connection:
            return sorted(
                (user_id, track_id)
                for part in parts
                for user_id, track_id in connection.execute(part)
            )

    def events(self, after: int) -> Generator[list[dict[str, Any]]]:
        """Yield the rows after an event in batches, in the order of their ids."""
        query = (
            sa.select(FEEDBACK)
            .where(FEEDBACK.c.event_id > after, FEEDBACK.c.user_id.is_not(None))
            .order_by(FEEDBACK.c.event_id)
        )
        with self._reading() as connection:
            found = connection.execution_options(yield_per=inbox_tables.CHUNK).execute(query)
            for rows in found.mappings().partitions():
                yield [dict(row) for row in rows]

    def prune(self, until: int, before: datetime) -> int:
        """Delete rows that are in the lake and old; hidden tracks stay. Return how many."""
        rows = (FEEDBACK.c.event_id <= until) & (FEEDBACK.c.received_at < before)
        with self._writing() as connection:
            return int(connection.execute(FEEDBACK.delete().where(rows)).rowcount)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._unavailable(error) from error

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """Open a transaction that no other writer's overlaps."""
        try:
            with self._engine.begin() as connection:
                if self._is_sqlite:
                    connection.exec_driver_sql("begin immediate")
                else:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
                yield connection
        except SQLAlchemyError as error:
            raise self._unavailable(error) from error

    def _truncate_log(self) -> None:
        """Leave nothing deleted in SQLite's log, unless a reader still needs it."""
        if self._is_sqlite:
            with self._reading() as connection:
                connection.exec_driver_sql("pragma wal_checkpoint(truncate)")

    def _unavailable(self, error: SQLAlchemyError) -> InboxUnavailable:
        place = self._url.database if self._is_sqlite else self._url.host
        # the statement, which SQLAlchemy adds, has values of people in it
        reason = getattr(error, "orig", None) or type(error).__name__
        return InboxUnavailable(str(place), " ".join(str(reason).split()))


def _prepare_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401 - of any driver
    connection.isolation_level = None  # the driver begins no transaction by itself
    for pragma in ("journal_mode=wal", "synchronous=full", "secure_delete=on"):
        connection.execute(f"pragma {pragma}")
