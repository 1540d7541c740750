"""A drawn log of the sparse kind: few sessions per user, long ones, spread over half a year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tests.support.tastes import Tastes

if TYPE_CHECKING:
    import duckdb
    import numpy.typing as npt

TASTES = 6


@dataclass(frozen=True, slots=True)
class SparseLog(Tastes):
    """Users come on any day, listen to some long sessions within weeks, and mostly leave.

    By default some 1,000 users play 1,700 tracks 90,000 times in 2,600 sessions.
    """

    users: int = 1_000
    tracks: int = 1_700
    groups: int = 10
    days: int = 182
    sessions: float = 2.8
    """Per user, on average."""
    plays: float = 36.0
    """Per session, on average."""
    taste: float = 1.0
    """How much taste says of what is played."""
    popularity: float = 1.3
    """How much more some tracks are played; without both, listens are at random."""

    def _draw(self, db: duckdb.DuckDBPyConnection) -> None:
        """Draw each user's sessions, with no track twice, up to the day of the publication."""
        rng = np.random.default_rng(self.seed)
        likes = self._likes(rng)
        rows = [self._of_user(rng, likes[user]) for user in range(self.users)]
        user = np.repeat(np.arange(self.users), [len(days) for days, _ in rows])
        day = np.concatenate([days for days, _ in rows])
        track = np.concatenate([tracks for _, tracks in rows])
        kept = day < 7 + self.day
        db.execute(
            "create table drawn as select unnest(?) as user, unnest(?) as track, unnest(?) as day",
            [user[kept].tolist(), track[kept].tolist(), day[kept].tolist()],
        )

    def _of_user(
        self, rng: np.random.Generator, likes: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Return the day and the track of each listen of a user."""
        number = int(rng.geometric(1 / self.sessions))
        gaps = rng.exponential(12, number)
        gaps[0] = rng.uniform(7 - self.days, 14)
        sizes = np.maximum(1, rng.lognormal(np.log(self.plays) - 0.32, 0.8, number))
        sizes = np.minimum(sizes.astype(np.int64), max(1, self.tracks // (2 * number)))
        # The largest of the likings with Gumbel noise: a draw without repetition.
        tracks = np.argsort(-(likes + rng.gumbel(size=self.tracks)))[: sizes.sum()]
        return np.repeat(np.cumsum(gaps), sizes)[: len(tracks)], tracks

    def _likes(self, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        """Return users x tracks: the log of how probably each is played."""
        users = rng.normal(size=(self.users, TASTES)) / np.sqrt(TASTES)
        tracks = rng.normal(size=(self.tracks, TASTES))
        popularity = self.popularity * rng.normal(size=self.tracks)
        likes: npt.NDArray[np.float64] = self.taste * users @ tracks.T + popularity
        return likes
