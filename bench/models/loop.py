"""The closed loop: users who listen to what is recommended to them, and what that changes.

`python -m bench.models.loop [--users N] [--tracks N] [--days N] [--share S]`: a small generated
world, whose users begin a share of their sessions with `discover`, chosen by their true taste (a
click model with position bias); the rest of each session is as the world has it. Two questions:

- does an experiment find a model that is truly better, and none that is not?
- what do the users hear, week by week: coverage and Gini, with and without the loop?
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from api.source.world.clicks import click_probability, clicks
from api.source.world.parameters import microseconds
from bench.measure import table
from bench.models.loop_world import LoopWorld, Plays
from ml.evaluation.metrics import coverage, gini
from ml.experiments.assignment import arms_of
from ml.experiments.sequential import difference, moments_of
from ml.models.baseline import Baseline
from ml.models.bundle import Bundle, align, trained
from ml.models.neighbourhood.ease import Ease
from ml.models.popularity import Popularity
from ml.playlists.candidates import candidates
from ml.playlists.never_heard import discover

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ml.data.interactions import Floats, Interactions, Ints
    from ml.models.bundle import Aligned

    Model = Callable[["LoopWorld", Interactions], tuple[Aligned, Floats]]

K, DAY = 30, 86_400_000_000
RATE = 0.01
"""Of what is shown, listened to within the day: what a gain of 10 % is planned on."""


def by_baseline(_: LoopWorld, data: Interactions) -> tuple[Aligned, Floats]:
    """Rank by the baseline, as an app without a learned champion does."""
    none = np.zeros(0, np.int64)
    return _scored(align(Bundle(Baseline(), none, none, none), data))


def by_ease(_: LoopWorld, data: Interactions) -> tuple[Aligned, Floats]:
    """Rank by EASE."""
    return _scored(align(trained(Ease(), data, 0), data))


def by_popularity(_: LoopWorld, data: Interactions) -> tuple[Aligned, Floats]:
    """Rank by popularity, the same for everybody."""
    return _scored(align(trained(Popularity(), data, 0), data))


def by_true_taste(world: LoopWorld, data: Interactions) -> tuple[Aligned, Floats]:
    """Rank by what no recommender knows: the best that there can be."""
    return by_popularity(world, data)[0], world.probability.astype(np.float32)


def _scored(scorer: Aligned) -> tuple[Aligned, Floats]:
    return scorer, scorer.scores(np.arange(len(scorer.rows)))


@dataclass(frozen=True, slots=True)
class Loop:
    """One run of the loop: days, and what the users were shown and heard."""

    world: LoopWorld
    models: Mapping[str, Model]
    """By arm; users are split evenly."""
    share: float
    """Of sessions that begin with the list."""
    seed: int
    explores: float = 0
    """Share of the places that get a track drawn blindly among those that the user never heard."""

    def run(self, days: int) -> tuple[Plays, list[Ints]]:
        """Return all plays, and how many shown tracks each user listened to, day by day."""
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
        """Return by how much more a list of the second model would be clicked, for the same users.

        On the first day, when both know the same.
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
        """Return the arm of each user, by its place among the models."""
        shares = dict.fromkeys(self.models, 1 / len(self.models))
        names = list(self.models)
        named = arms_of(range(self.world.users), shares, f"loop {self.seed}")
        return np.array([names.index(str(name)) for name in named])

    def lists(self, data: Interactions, shown: csr_matrix, arms: Ints) -> Ints:
        """Return each user's `discover`, made by the model of the arm."""
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
        if not self.explores:
            return lists
        user, place = np.nonzero((rng.random(lists.shape) < self.explores) & (lists >= 0))
        track = rng.integers(self.world.tracks, size=len(user))
        is_new = np.asarray(data.plays[user, track]).ravel() == 0
        explored = lists.copy()
        explored[user[is_new], place[is_new]] = track[is_new]
        return explored

    def _live(self, rng: np.random.Generator, plays: Plays, lists: Ints, begin: int) -> Ints:
        """Let the day's sessions happen; return of each user how many shown tracks were heard."""
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


def day_of_proof(loop: Loop, days: int) -> tuple[int | None, str]:
    """Return the first day on which a daily look proves a difference, and the last look.

    Args:
        loop: Of two arms.
        days: How long it runs.

    """
    _, heard = loop.run(days)
    arms = loop.arms()
    found, so_far, shown = None, np.zeros(loop.world.users), ""
    for day, those in enumerate(heard, 1):
        so_far += those
        values = so_far / (K * day)
        control, other = (moments_of(values[arms == place]) for place in (0, 1))
        its = difference(control, other, 0.1 * RATE)
        shown = f"{100 * its.mean:+.3f} [{100 * its.low:+.3f}, {100 * its.high:+.3f}]"
        shown += f" of {100 * control.mean:.2f}"
        if its.is_proven and found is None:
            found = day
    return found, shown


def experiments(world: LoopWorld, days: int, share: float) -> None:
    """Show what experiments find: of models that differ, and of one with itself."""
    rows = []
    compared: dict[str, Mapping[str, Model]] = {
        "popularity, then true taste": {"control": by_popularity, "new": by_true_taste},
        "popularity, then baseline": {"control": by_popularity, "new": by_baseline},
        "baseline, then EASE": {"control": by_baseline, "new": by_ease},
        "baseline twice": {"control": by_baseline, "new": _again},
    }
    for name, models in compared.items():
        loop = Loop(world, models, share, seed=1)
        found, shown = day_of_proof(loop, days)
        rows.append([name, f"{loop.true_gain():+.1%}", str(found or "-"), shown])
    columns = ["control, then new", "true gain", "proven on day", "points, last day"]
    table("experiments", columns, rows)


def _again(world: LoopWorld, data: Interactions) -> tuple[Aligned, Floats]:
    return by_baseline(world, data)


def weeks(world: LoopWorld, days: int, share: float, explores: float = 0.1) -> None:
    """Show what is heard by week: coverage and Gini, without the loop, with it, and exploring.

    Args:
        world: The world.
        days: How long each runs.
        share: Of sessions that begin with the list.
        explores: Share of places for exploration, in the last.

    """
    start = microseconds(world.begin)
    rows: list[list[str]] = [[str(week + 1)] for week in range(days // 7)]
    for its, of_places in ((0.0, 0.0), (share, 0.0), (share, explores)):
        plays, heard = Loop(world, {"all": by_baseline}, its, 1, of_places).run(days)
        for week, row in enumerate(rows):
            first = start + week * 7 * DAY
            _, track = plays.between(first, first + 7 * DAY)
            row += [f"{coverage(track, world.tracks):.3f}", f"{gini(track, world.tracks):.3f}"]
        print(f"{its:.0%} from lists, {of_places:.0%} explored: {sum(map(np.sum, heard)):,} chosen")
    variants = ("no lists", f"{share:.0%} from lists", f"and {explores:.0%} explored")
    columns = ["week", *(name for one in variants for name in (f"coverage, {one}", "gini"))]
    table("what is heard, by week", columns, rows)


def _cells(lists: Ints, tracks: int) -> csr_matrix:
    user, place = np.nonzero(lists >= 0)
    cells = (np.ones(len(user), np.bool_), (user, lists[user, place]))
    found = csr_matrix(cells, shape=(len(lists), tracks))
    found.sort_indices()
    return found


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--tracks", type=int, default=1200)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = LoopWorld(Path(folder), asked.seed, asked.users, asked.tracks, asked.days)
        print(f"{world.users:,} users, {world.tracks:,} tracks, {asked.days} days")
        experiments(world, asked.days, asked.share)
        weeks(world, asked.days, asked.share)


if __name__ == "__main__":
    main()
