"""Small apps as models see them: who played what, how often, when last."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from ml.data.features import features_of
from ml.data.interactions import Interactions, interactions
from ml.models.baseline import Baseline
from ml.models.bundle import Bundle, align
from ml.playlists.playlist_maker import PlaylistMaker, space_for

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = np.datetime64("2026-03-01", "us")
NONE = np.zeros(0, np.int64)
BASELINE = Bundle(Baseline(), NONE, NONE, NONE)
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class DrawnPlays:
    """Users and tracks by their places; of each pair, its plays and how many days ago the last."""

    users: int
    tracks: int
    plays: dict[Pair, tuple[int, float]] = field(default_factory=dict)
    artists: int = 5
    genres: int = 3

    def artist(self, track: int) -> int:
        """Return the number of a track's artist."""
        return track % self.artists

    def data(self) -> Interactions:
        """Return what a model learns from; users have ids from 100, tracks from 1."""
        pairs = sorted(self.plays)
        user, track = (np.array([pair[at] for pair in pairs], np.int64) for at in (0, 1))
        values = np.array([self.plays[pair] for pair in pairs]).reshape(-1, 2)
        genres = [f"Genre {number % self.genres}" for number in range(self.users + self.tracks)]
        artists = [f"Artist {self.artist(number)}" for number in range(self.tracks)]
        data = interactions(
            np.arange(self.users) + 100,
            np.arange(self.tracks) + 1,
            user,
            track,
            values[:, 0],
            last_played=NOW - (values[:, 1] * 86_400e6).astype("timedelta64[us]"),
            user_features=features_of({"favorite_genre": genres[: self.users]}, fewest=1),
            track_features=features_of(
                {"artist": artists, "genres": genres[: self.tracks]}, fewest=1
            ),
        )
        decayed = values[:, 0] * 0.5 ** (values[:, 1] / 30)
        return replace(data, decayed=decayed.astype(np.float32))

    def maker(
        self,
        tracks: int = 6,
        *,
        bundle: Bundle = BASELINE,
        shown: Iterable[Pair] = (),
        hidden: Iterable[Pair] | None = None,
        new: Iterable[int] = (),
    ) -> PlaylistMaker:
        """Return what makes playlists of so many tracks."""
        data = self.data()
        scorer = align(bundle, data)
        artists = np.arange(self.tracks) % self.artists
        return PlaylistMaker(
            scorer=scorer,
            data=data,
            artists=artists,
            space=space_for(scorer, artists, tracks),
            is_new=np.isin(np.arange(self.tracks), list(new)),
            shown=self._cells(shown),
            now=NOW,
            tracks=tracks,
            hidden=None if hidden is None else self._cells(hidden),
        )

    def _cells(self, pairs: Iterable[Pair]) -> csr_matrix:
        user, track = np.array([*pairs], np.int64).reshape(-1, 2).T
        ones = np.ones(len(user), np.bool_)
        return csr_matrix((ones, (user, track)), shape=(self.users, self.tracks))


@st.composite
def drawn_plays(draw: st.DrawFn, most_users: int = 5, most_tracks: int = 24) -> DrawnPlays:
    """Draw an app of a few users and tracks; some users may have played all, or nothing."""
    users, tracks = draw(st.integers(1, most_users)), draw(st.integers(1, most_tracks))
    pair = st.tuples(st.integers(0, users - 1), st.integers(0, tracks - 1))
    values = st.tuples(st.integers(1, 9), st.floats(0, 90))
    plays = draw(st.dictionaries(pair, values, max_size=users * tracks))
    return DrawnPlays(users, tracks, plays, draw(st.integers(1, 8)), draw(st.integers(1, 4)))
