"""The simulation of the closed loop: each day's lists, and what users play of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from api.source.world.clicks import click_probability, clicks
from api.source.world.parameters import microseconds
from ml.experiments.assignment import arms_of
from ml.playlists.candidates import candidates
from ml.playlists.never_heard import discover

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.models.loop.loop_world import LoopWorld, Plays
    from bench.models.loop.recommenders import Model
    from ml.data.interactions import Floats, Interactions, Ints
    from ml.models.bundle import Aligned

K, DAY = 30, 86_400_000_000


@dataclass(frozen=True, slots=True)
class Loop:
    """A closed loop of one world: users are shown lists, play, and the models learn from it."""

    world: LoopWorld
    models: Mapping[str, Model]
    """The model of each arm; users are split evenly between the arms."""
    share: float
    """The share of sessions that begin with tracks of the list."""
    seed: int
    explores: float = 0
    """The share of places of a list that get a random track which the user never heard."""

    def run(self, days: int) -> tuple[Plays, list[Ints]]:
        """Return all plays, and for each day how many of the shown tracks each user played."""
        world, start = self.world, microseconds(self.world.begin)
        plays, heard = world.history(), []
        shown = csr_matrix((world.users, world.tracks), dtype=np.bool_)
        arms = self.arms()
        for day in range(days):
            rng = np.random.default_rng([self.seed, day])
            data = world.data(plays)
            lists = self._explored(rng, self.lists(data, shown, arms), data)
            shown = _cells(lists, world.tracks)
            heard.append(self._live(rng, plays, lists, start + day * DAY))
        return plays, heard

    def true_gain(self) -> float:
        """Return the relative gain in expected clicks of the second model over the first.

        Both rank for all users on the first day, from the same data.
        """
        data = self.world.data(self.world.history())
        nothing = csr_matrix((self.world.users, self.world.tracks), dtype=np.bool_)
        first, second = (
            click_probability(
                self.world.probability,
                self.lists(data, nothing, np.full(self.world.users, place)),
            ).sum()
            for place in range(2)
        )
        return float(second / first - 1)

    def arms(self) -> Ints:
        """Return the arm of each user, as a position in `models`."""
        shares = dict.fromkeys(self.models, 1 / len(self.models))
        names = list(self.models)
        named = arms_of(range(self.world.users), shares, f"loop {self.seed}")
        return np.array([names.index(str(name)) for name in named])

    def lists(self, data: Interactions, shown: csr_matrix, arms: Ints) -> Ints:
        """Rank the `discover` list of each user by the model of the user's arm.

        Args:
            data: What the models know.
            shown: Users x tracks: what the last lists held.
            arms: The arm of each user.

        Returns:
            Users x K positions of tracks, best first; -1 where a list is shorter.

        """
        lists = np.full((self.world.users, K), -1)
        made: dict[Model, tuple[Aligned, Floats]] = {}
        for place, model in enumerate(self.models.values()):
            rows = np.flatnonzero(arms == place)
            if not len(rows):
                continue
            made[model] = scorer, scores = made.get(model) or model(self.world, data)
            some = candidates(scorer, data, rows, scores[rows].copy(), None)
            found = discover(some, self.world.artists, shown, K)
            lists[found.user] = found.tracks
        return lists

    def _explored(self, rng: np.random.Generator, lists: Ints, data: Interactions) -> Ints:
        """Replace a share of the places by random tracks that the user never heard."""
        if not self.explores:
            return lists
        user, place = np.nonzero((rng.random(lists.shape) < self.explores) & (lists >= 0))
        track = rng.integers(self.world.tracks, size=len(user))
        is_new = np.asarray(data.plays[user, track]).ravel() == 0
        explored = lists.copy()
        explored[user[is_new], place[is_new]] = track[is_new]
        return explored

    def _live(self, rng: np.random.Generator, plays: Plays, lists: Ints, begin: int) -> Ints:
        """Play the sessions of a day; return how many shown tracks each user played."""
        heard = np.zeros(self.world.users, np.int64)
        done: dict[int, set[int]] = {}
        for user, at, own in self.world.sessions_between(begin, begin + DAY):
            items = own
            if rng.random() < self.share:
                chosen = clicks(rng, self.world.probability[[user]], lists[[user]])[0]
                items = np.concatenate([lists[user][chosen], own])[: max(len(own), 1)]
            plays.add(np.full(len(items), user), items, np.full(len(items), at))
            done.setdefault(user, set()).update(set(items.tolist()) & set(lists[user].tolist()))
        for user, those in done.items():
            heard[user] = len(those)
        return heard


def _cells(lists: Ints, tracks: int) -> csr_matrix:
    """Users x tracks: true where a list holds a track."""
    user, place = np.nonzero(lists >= 0)
    cells = (np.ones(len(user), np.bool_), (user, lists[user, place]))
    found = csr_matrix(cells, shape=(len(lists), tracks))
    found.sort_indices()
    return found
