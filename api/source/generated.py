"""The generated world at an instant, as the API serves it."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from api.source.heard import heard_days, make_heard
from api.source.http.json_rendering import TABLES, engine, parquet, render
from api.source.rows import FileRows, HeldRows, write_rows
from api.source.view import Run, View, merged, settled, without
from api.source.world.making import SESSIONS, Making
from api.source.world.parameters import microseconds
from api.source.world.store import Store, only_maker, replace_with

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import duckdb

    from api.source.world.parameters import Parameters

SESSION_FIELDS = ("user_id", "items", "created_at", "updated_at")

_IN_PROGRESS = """(
    with

    started as (

        select user_id, items, created_at
        from {sessions}
        where epoch_us(created_at) <= {clock} and epoch_us(updated_at) > {clock}

    ),

    played as (

        select
            user_id,
            created_at,
            unnest(items) as track_id,
            generate_subscripts(items, 1) as position
        from started

    ),

    timed as (

        select
            played.*,
            epoch_us(played.created_at) + 1000000 * coalesce(sum(tracks.seconds) over (
                partition by played.user_id, played.created_at
                order by played.position
                rows between unbounded preceding and 1 preceding
            ), 0) as started_at
        from played
        inner join {tracks} as tracks on tracks.id = played.track_id

    )

    select
        user_id,
        list(track_id order by position) as items,
        created_at,
        make_timestamp(max(started_at)::bigint) as updated_at
    from timed
    where started_at <= {clock}
    group by user_id, created_at
)"""


class GeneratedWorld:
    """Users, tracks and sessions that are made when the clock comes to them.

    `on_progress` is called for each block of 30 days that had to be made: `(made, of)`.
    """

    def __init__(
        self,
        folder: Path,
        parameters: Parameters,
        on_progress: Callable[[int, int], None] | None = None,
        listens_to_lists: float = 0,
    ) -> None:
        self._folder = folder
        self._listens_to_lists = listens_to_lists
        self._store = Store(folder)
        self._making = Making(self._store, parameters)
        self._on_progress = on_progress
        self._rows: dict[tuple[str, int], FileRows] = {}

    def at(self, clock: datetime) -> dict[str, View]:
        """Show each table as it stands at an instant; make and render what is missing up to it."""
        block = self._making.parameters.block_at(clock)
        for made in self._making.make_until(block):
            if self._on_progress:
                self._on_progress(made, block)
        if self._listens_to_lists:
            parameters = self._making.parameters
            make_heard(self._store, parameters, self._listens_to_lists, clock)
        for table in TABLES:
            for part in range(block + 1):
                self._open(table, part)
        now = microseconds(clock)
        return {
            "tracks": View.of(self._newest("tracks", block, now)),
            "users": View.of(self._newest("users", block, now)),
            SESSIONS: View.of(self._sessions(block, now)),
        }

    def _newest(self, table: str, block: int, now: int) -> list[Run]:
        """Leave out versions that a later one has replaced by now."""
        parts = [settled(self._rows[table, part], now) for part in range(block + 1)]
        ids = np.concatenate([rows.ids[:stop] for rows, _, stop in parts])
        newest = len(ids) - 1 - np.unique(ids[::-1], return_index=True)[1]
        gone = np.ones(len(ids), bool)
        gone[newest] = False
        runs, base = [], 0
        for rows, _, stop in parts:
            runs += without(rows, stop, np.flatnonzero(gone[base : base + stop]))
            base += stop
        return runs

    def _sessions(self, block: int, now: int) -> list[Run]:
        """Sessions that are over, and at their places the parts so far of those in progress."""
        over = [settled(self._rows[SESSIONS, part], now) for part in range(block + 1)]
        blocks = [self._store.block(SESSIONS, part) for part in _and_before(block)]
        tracks = [self._store.model("tracks", part) for part in range(block + 1)]
        sessions = self._listening(blocks)
        relation = _IN_PROGRESS.format(sessions=sessions, tracks=parquet(tracks), clock=now)
        with self._engine() as connection:
            moving = HeldRows.of(render(connection, SESSIONS, relation, SESSION_FIELDS))
        return merged(over, moving)

    def _open(self, table: str, block: int) -> None:
        if (table, block) in self._rows:
            return
        folder = self._folder / "served" / f"{table}-{block:04d}{self._heard(table, block)}"
        if not folder.exists():
            relation, fields = self._last_states(table, block)
            with only_maker(self._folder):
                if not folder.exists():
                    with replace_with(folder) as temporary, self._engine() as connection:
                        write_rows(render(connection, table, relation, fields), temporary)
        self._rows[table, block] = FileRows.open(folder)

    def _last_states(self, table: str, block: int) -> tuple[str, Sequence[str]]:
        """Relation and fields of what came to its last state in a block.

        A session may end in the block after the one it began in, and belongs there: so each block's
        rows lie wholly after those of the block before.
        """
        if table != SESSIONS:
            path = self._store.block(table, block)
            return parquet([path]), pq.read_schema(path).names
        begin, end = self._making.parameters.span(block)
        blocks = self._listening([self._store.block(table, part) for part in _and_before(block)])
        ended = f"epoch_us(updated_at) >= {begin} and epoch_us(updated_at) < {end}"
        return f"(select * from {blocks} where {ended})", SESSION_FIELDS

    def _heard(self, table: str, block: int) -> str:
        """Name the state of a block's sessions: how many days began with lists so far."""
        days = [date.fromisoformat(path.stem) for path in heard_days(self._folder)]
        parameters = self._making.parameters
        blocks = [parameters.block_at(datetime.combine(day, time())) for day in days]
        number = sum(one in _and_before(block) for one in blocks)
        return f"-{number}" if number and table == SESSIONS else ""

    def _listening(self, blocks: list[Path]) -> str:
        """Name sessions as one relation; those that begin with a list replace the world's own."""
        if not (heard := heard_days(self._folder)):
            return parquet(blocks)
        fields = ", ".join(SESSION_FIELDS)
        return (
            f"(select {fields} from {parquet(blocks)} as own"
            f" anti join {parquet(heard)} as heard using (user_id, created_at)"
            f" union all by name select {fields} from {parquet(heard)})"
        )

    def _engine(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return engine(self._folder / "spill")


def _and_before(block: int) -> range:
    return range(max(0, block - 1), block + 1)
