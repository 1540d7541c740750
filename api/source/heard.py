"""Sessions that begin with a published list: they take the place of the world's own.

`lists/<day>.parquet` (`user_id`, `position`, `track_id`) is what was shown from the end of that day
on; who publishes lists puts it there. Of the next day's sessions a share begins with what the users
choose of it, and goes on as the world has it. `heard/<day>.parquet` has these sessions.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from api.source.world.clicks import clicks
from api.source.world.parameters import microseconds
from api.source.world.store import only_maker, write_table
from api.source.world.taste import Taste, listen_probability

if TYPE_CHECKING:
    from pathlib import Path

    from api.source.world.factors import Floats, Ints
    from api.source.world.parameters import Parameters
    from api.source.world.store import Store

HEARD_SCHEMA = pa.schema(
    {
        "user_id": pa.int64(),
        "items": pa.list_(pa.int32()),
        "created_at": pa.timestamp("us"),
        "updated_at": pa.timestamp("us"),
    }
)


def heard_days(folder: Path) -> list[Path]:
    """Return the files of the sessions that begin with a list, the oldest day first."""
    return sorted((folder / "heard").glob("*.parquet"))


def make_heard(store: Store, parameters: Parameters, share: float, clock: datetime) -> None:
    """Make the sessions of each day until the clock that has a list of the day before.

    A day is made once: later lists, and another share, change later days.

    Args:
        store: The world's files; the blocks until the clock are there.
        parameters: The world.
        share: Of the sessions that begin with a list.
        clock: The instant that is served.

    """
    for path in sorted((store.folder / "lists").glob("*.parquet")):
        day = date.fromisoformat(path.stem) + timedelta(days=1)
        made = store.folder / "heard" / f"{day}.parquet"
        if day <= clock.date() and not made.exists():
            sessions = _sessions_of(store, parameters, share, day, path)
            with only_maker(store.folder):
                write_table(sessions, made)


def _sessions_of(
    store: Store, parameters: Parameters, share: float, day: date, lists: Path
) -> pa.Table:
    begin = datetime.combine(day, time())
    block = parameters.block_at(begin)
    path = store.block("listen_history", block)
    user, start, items = _read(path, microseconds(begin))
    rng = parameters.rng("lists", day.toordinal())
    chosen = np.flatnonzero(rng.random(len(user)) < share)
    taste = Taste.read(store.folder, block + 1)
    shown = _lists(lists, len(taste.affinity), len(taste.seconds))
    chosen = chosen[(shown[user[chosen]] >= 0).any(axis=1)]
    until = _next_begin(user, start)
    rows = []
    for user_row, places in zip(user[chosen], chosen, strict=True):
        probability: Floats = listen_probability(taste, [user_row + 1], begin)
        its = shown[[user_row]]
        picked = its[clicks(rng, probability, its)]
        played = np.concatenate([picked, items[places]])[: len(items[places])]
        begins = start[places] + 1_000_000 * (
            np.cumsum(taste.seconds[played]) - taste.seconds[played]
        )
        held = begins < until[places]
        rows.append((user_row + 1, played[held] + 1, begins[0], begins[held][-1]))
    return _table(rows)


def _read(path: Path, begin: int) -> tuple[Ints, Ints, list[Ints]]:
    """Return user row, begin and items of each session of a day, by user and begin."""
    table = pq.read_table(path, columns=["user_id", "items", "created_at"])
    at = table["created_at"].cast(pa.int64()).to_numpy()
    day = timedelta(days=1) // timedelta(microseconds=1)
    table = table.take(np.flatnonzero((at >= begin) & (at < begin + day)))
    items = [np.array(one, np.int64) - 1 for one in table["items"].to_pylist()]
    start = table["created_at"].cast(pa.int64()).to_numpy()
    return table["user_id"].to_numpy() - 1, start, items


def _next_begin(user: Ints, start: Ints) -> Ints:
    """Return when each user's next session of the day begins; they are by user and begin."""
    until = np.full(len(user), np.iinfo(np.int64).max)
    same = user[1:] == user[:-1]
    until[:-1][same] = start[1:][same]
    return until


def _lists(path: Path, users: int, tracks: int) -> Ints:
    """Return users x places: the row of each track, -1 for none."""
    table = pq.read_table(path)
    user, place, track = (
        table[name].to_numpy() - 1 for name in ("user_id", "position", "track_id")
    )
    lists = np.full((users, int(place.max(initial=0)) + 1), -1)
    known = (user < users) & (track < tracks)
    lists[user[known], place[known]] = track[known]
    return lists


def _table(rows: list[tuple[int, Ints, int, int]]) -> pa.Table:
    user, items, created_at, updated_at = zip(*rows, strict=True) if rows else ((),) * 4
    return pa.table(
        [
            pa.array(user, pa.int64()),
            pa.array([one.tolist() for one in items], pa.list_(pa.int32())),
            pa.array(created_at, pa.int64()).cast(pa.timestamp("us")),
            pa.array(updated_at, pa.int64()).cast(pa.timestamp("us")),
        ],
        schema=HEARD_SCHEMA,
    )
