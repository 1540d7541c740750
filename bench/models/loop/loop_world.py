"""The generated world of the closed loop: sessions, plays, and the true taste of users."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from api.source.world import Taste, listen_probability
from api.source.world.making import Making
from api.source.world.parameters import Parameters, microseconds
from api.source.world.store import Store, read_tables
from ml.data.features import features_of
from ml.data.interactions import interactions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ml.data.interactions import Interactions, Ints

LAUNCH = date(2026, 1, 1)
HISTORY_DAYS = 60


@dataclass(slots=True)
class Plays:
    """All plays so far, by rows of users and tracks."""

    user: list[Ints] = field(default_factory=list)
    track: list[Ints] = field(default_factory=list)
    at: list[Ints] = field(default_factory=list)

    def add(self, user: Ints, track: Ints, at: Ints) -> None:
        """Add plays."""
        self.user.append(user)
        self.track.append(track)
        self.at.append(at)

    def between(self, first: int, last: int) -> tuple[Ints, Ints]:
        """Return the users and the tracks of the plays in a span of time."""
        at = np.concatenate(self.at)
        which = (at >= first) & (at < last)
        return np.concatenate(self.user)[which], np.concatenate(self.track)[which]


class LoopWorld:
    """A world with a fixed catalogue: the tracks that were released before the loop begins."""

    def __init__(self, folder: Path, seed: int, users: int, tracks: int, days: int) -> None:
        self.begin = datetime.combine(LAUNCH, datetime.min.time()) + timedelta(HISTORY_DAYS)
        parameters = Parameters(seed, users, tracks, HISTORY_DAYS, LAUNCH)
        last = parameters.block_at(self.begin + timedelta(days=days))
        for _ in Making(Store(folder), parameters).make_until(last):
            pass
        blocks = range(last + 1)
        self._sessions = read_tables([Store(folder).block("listen_history", one) for one in blocks])
        taste = Taste.read(folder)
        start = microseconds(self.begin)
        self.users = int((taste.signed_up < start).sum())
        self.tracks = int((taste.released < start).sum())
        everyone = np.arange(1, self.users + 1)
        self.probability = listen_probability(taste, everyone, self.begin)[:, : self.tracks]
        texts = read_tables([Store(folder).block("tracks", one) for one in range(3)])
        newest = texts.to_pandas().drop_duplicates("id", keep="last").sort_values("id")
        names = newest.iloc[: self.tracks]
        self.artists = names["artist"].astype("category").cat.codes.to_numpy().astype(np.int64)
        columns = {one: names[one].tolist() for one in ("artist", "genres", "album")}
        self.features = features_of(columns, split_on=("|",), split=("genres",))

    @cached_property
    def sessions(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Users and begins of all sessions, the offsets of their items, and the items."""
        table = self._sessions
        items = table["items"].combine_chunks()
        return (
            table["user_id"].to_numpy() - 1,
            table["created_at"].cast(pa.int64()).to_numpy(),
            items.offsets.to_numpy().astype(np.int64),
            items.flatten().to_numpy().astype(np.int64) - 1,
        )

    def sessions_between(self, first: int, last: int) -> Iterator[tuple[int, int, Ints]]:
        """Yield user, begin and items of each session, in the order of time."""
        user, begin, bounds, items = self.sessions
        which = np.flatnonzero((begin >= first) & (begin < last) & (user < self.users))
        for at in which[np.argsort(begin[which], kind="stable")]:
            its = items[bounds[at] : bounds[at + 1]]
            yield int(user[at]), int(begin[at]), its[its < self.tracks]

    def history(self) -> Plays:
        """Return the plays before the loop begins."""
        plays = Plays()
        for user, begin, items in self.sessions_between(0, microseconds(self.begin)):
            plays.add(np.full(len(items), user), items, np.full(len(items), begin))
        return plays

    def data(self, plays: Plays) -> Interactions:
        """Return plays as a recommender reads them: no user attributes, and no true taste."""
        user, track, at = (np.concatenate(one) for one in (plays.user, plays.track, plays.at))
        known = interactions(
            np.arange(self.users),
            np.arange(self.tracks),
            user,
            track,
            np.ones(len(user)),
            last_played=at.astype("datetime64[us]"),
            track_features=self.features,
        )
        return replace(known, user_features=None)
