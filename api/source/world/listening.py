"""The sessions of one block: their starts, lengths and tracks.

The model's regularities are those measured on real listening logs: lognormal activity, sessions
of some 16 tracks, repeats of one's own past at a power-law lag, weekly and daily rhythm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from api.source.world.choosing import Shelf, follow, fresh_draws, repeat_lags

if TYPE_CHECKING:
    from api.source.world.factors import Floats, Ints
    from api.source.world.parameters import Parameters
    from api.source.world.plays import Plays
    from api.source.world.taste import Taste

SESSIONS_PER_USER_DAY = 0.05
MEDIAN_LENGTH, LENGTH_LOG_SD, LONGEST = 16.5, 0.8, 250
SESSIONS_SCHEMA = pa.schema(
    {
        "user_id": pa.int64(),
        "items": pa.list_(pa.int32()),
        "fresh": pa.list_(pa.bool_()),
        "created_at": pa.timestamp("us"),
        "updated_at": pa.timestamp("us"),
    }
)
_CHUNK = 4096
"""Users at a time, each chunk with its own randomness: memory does not grow with the world."""
_HOUR = 3_600_000_000
_WEEK = np.array([0.95, 0.93, 0.95, 1.0, 1.12, 1.1, 0.95])  # from Monday
_DAY = np.array(
    [35, 20, 12, 8, 6, 9, 20, 42, 60, 62, 60, 62, 66, 64, 62, 64, 70, 80, 88, 92, 94, 90, 75, 55]
)  # from midnight


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a block's sessions follow from."""

    start: int
    rhythm: Floats
    taste: Taste
    shelf: Shelf
    past: Plays


@dataclass(frozen=True, slots=True)
class Starts:
    """Sessions before it is known what is played in them, by user row and begin."""

    user: Ints
    begin: Ints
    length: Ints


def make_sessions(parameters: Parameters, block: int, taste: Taste, past: Plays) -> pa.Table:
    """Make the sessions that begin in a block, by user and begin.

    `fresh` marks each item that was drawn from P(track | user), not a repeat of an earlier one.

    Args:
        parameters: What the world is drawn from.
        block: The number of the block of time.
        taste: The model of who likes what.
        past: The plays of earlier blocks.

    """
    scene = Scene(
        parameters.span(block)[0], _rhythm(parameters, block), taste, Shelf.of(taste), past
    )
    chunks = []
    for first in range(0, len(taste.affinity), _CHUNK):
        rng = parameters.rng("sessions", block, first)
        users = np.arange(first, min(first + _CHUNK, len(taste.affinity)))
        chunks.append(_play(rng, scene, _starts(rng, scene, users)))
    return pa.concat_tables(chunks).combine_chunks()


def _rhythm(parameters: Parameters, block: int) -> Floats:
    """Share of the sessions that have started by the end of each hour of the block."""
    begin, end = parameters.span(block)
    hours = np.arange(begin // _HOUR, end // _HOUR)
    weekday = (hours // 24 + 3) % 7  # 1970 began on a Thursday
    return np.cumsum(_WEEK[weekday] * _DAY[hours % 24])


def _starts(rng: np.random.Generator, scene: Scene, users: Ints) -> Starts:
    expected = SESSIONS_PER_USER_DAY * len(scene.rhythm) / 24
    user = np.repeat(users, rng.poisson(scene.taste.activity[users] * expected))
    chance = rng.random(len(user)) * scene.rhythm[-1]
    hour = np.searchsorted(scene.rhythm, chance, side="right")
    begin = scene.start + hour * _HOUR + rng.integers(_HOUR, size=len(user))
    length = np.ceil(MEDIAN_LENGTH * np.exp(LENGTH_LOG_SD * rng.standard_normal(len(user))) - 0.5)
    length = np.clip(length, 1, LONGEST).astype(np.int64)
    order = np.lexsort((begin, user))
    user, begin, length = user[order], begin[order], length[order]
    # no session before the sign-up, or while the last block's session still plays
    here = begin >= np.maximum(scene.taste.signed_up, scene.past.busy_until)[user]
    return Starts(user[here], begin[here], length[here])


def _play(rng: np.random.Generator, scene: Scene, starts: Starts) -> pa.Table:
    taste, past = scene.taste, scene.past
    session = np.repeat(np.arange(len(starts.user)), starts.length)
    user = starts.user[session]
    past_number = past.start[user + 1] - past.start[user]
    before = past_number + _rank(user)
    lag = repeat_lags(rng, before)
    decides, track = follow(lag, before, past.track, past.start[user], past_number)
    drawn = (lag == 0).nonzero()[0]
    fresh = np.full(len(user), -1)
    fresh[drawn] = fresh_draws(taste, scene.shelf, rng, user[drawn], starts.begin[session[drawn]])
    track = np.where(track < 0, fresh[decides], track)

    seconds = taste.seconds[track]
    since_first = np.cumsum(seconds) - seconds
    opening = np.cumsum(starts.length) - starts.length
    begins = starts.begin[session] + (since_first - since_first[opening][session]) * 1_000_000
    # one thing at a time: a session ends where the user's next one begins
    ends = np.full(len(starts.user), np.iinfo(np.int64).max)
    same = starts.user[1:] == starts.user[:-1]
    ends[:-1][same] = starts.begin[1:][same]
    played = begins < ends[session]
    return _sessions(starts, session[played], track[played], lag[played] == 0, begins[played])


def _rank(user: Ints) -> Ints:
    """Rank within the user, in a vector sorted by user."""
    at = np.arange(len(user))
    return at - np.searchsorted(user, user, side="left")


def _sessions(
    starts: Starts,
    session: Ints,
    track: Ints,
    fresh: np.ndarray[tuple[int], np.dtype[np.bool_]],
    begins: Ints,
) -> pa.Table:
    length = np.bincount(session, minlength=len(starts.user))
    held = length > 0
    offsets = pa.array(np.concatenate([[0], np.cumsum(length[held])]), pa.int32())
    last = offsets.to_numpy()[1:] - 1
    return pa.table(
        [
            pa.array(starts.user[held] + 1),
            pa.ListArray.from_arrays(offsets, pa.array(track + 1, pa.int32())),
            pa.ListArray.from_arrays(offsets, pa.array(fresh)),
            pa.array(starts.begin[held], pa.timestamp("us")),
            pa.array(begins[last], pa.timestamp("us")),
        ],
        schema=SESSIONS_SCHEMA,
    )
