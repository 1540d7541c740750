"""The listens that models are judged on: those after the training cut-off, which none has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ml import judging, metrics
from ml import published as publications
from ml.bundle import align
from ml.errors import TooFewListens
from ml.popularity import Popularity
from ml.promotion import POPULARITY, Figures
from ml.snapshot import listens, snapshot

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from ml.bundle import Bundle
    from ml.interactions import Floats, Interactions, Ints
    from ml.listens import Listens
    from ml.metrics import PerUser
    from ml.settings import MlSettings
    from ml.snapshot import Snapshot

LIGHT_PLAYS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """What was known before the cut-off, and what was played from it on."""

    known: Snapshot
    listens: Listens
    """Every listen, to be cut further."""
    test: Interactions
    popularity: Floats
    """Listeners of each track in the last 30 days before the cut-off."""

    @property
    def data(self) -> Interactions:
        """All that a model may learn from."""
        return self.known.data

    def without_its_last(self, days: int) -> tuple[Interactions, Interactions]:
        """Cut what is known once more: what comes before its last days, and those days."""
        assert self.listens.at is not None
        until = np.datetime64(self.known.as_of, "us")
        since = until - np.timedelta64(days, "D")
        at = self.listens.at
        return self.listens.only(at < since), self.listens.only((at >= since) & (at < until))


def cut(published: duckdb.DuckDBPyConnection, settings: MlSettings) -> Cut:
    """Cut at the oldest cut-off that features were taken at; test up to the newest."""
    first, last = _ends(publications.cut_offs(published))
    known = snapshot(published, first, with_those_of=last)
    every = listens(published, known.data, until=last)
    assert every.at is not None
    is_test = every.at >= np.datetime64(first, "us")
    train = int((~is_test).sum())
    if train < settings.min_listens:
        why = f"{train:,} before {first:%Y-%m-%d}, {settings.min_listens:,} are needed to train"
        raise TooFewListens(why)
    if not is_test.any():
        raise TooFewListens(f"none from {first:%Y-%m-%d} on, to judge by")
    popularity = Popularity().fit(known.data, settings.seed).scores(np.array([0]))[0]
    return Cut(known, every, every.only(is_test), popularity)


def _ends(cut_offs: list[datetime]) -> tuple[datetime, datetime]:
    if len(cut_offs) < 2:
        raise TooFewListens("features of a training cut-off are not published")
    return cut_offs[0], cut_offs[-1]


def figures_of(bundle: Bundle, cut: Cut) -> Figures:
    """Judge a bundle as it would be served: with the fallback for whom it does not know."""
    return _figures(bundle.name, align(bundle, cut.data, cut.popularity), cut)


def figures_of_popularity(cut: Cut) -> Figures:
    """Judge the baseline."""
    return _figures(POPULARITY, _Popular(cut.popularity), cut)


@dataclass(frozen=True, slots=True, eq=False)
class _Popular:
    popularity: Floats

    def scores(self, users: Ints) -> Floats:
        return np.tile(self.popularity, (len(users), 1))


def _figures(name: str, scorer: judging.Scorer, cut: Cut) -> Figures:
    task = judging.discovery(cut.data, cut.test)
    if not len(task.users):
        raise TooFewListens("nobody played a track that was new to them, to judge by")
    judged = judging.judge(scorer, task)
    plays = np.asarray(cut.data.plays.sum(axis=1)).ravel()[task.users]
    slices: dict[str, PerUser] = {
        "new users": judged.ndcg_at_10[plays == 0],
        "light users": judged.ndcg_at_10[(plays > 0) & (plays <= LIGHT_PLAYS)],
        "others": judged.ndcg_at_10[plays > LIGHT_PLAYS],
    }
    of_new = judging.of_new_tracks(cut.data, cut.test)
    if len(of_new.users):
        slices["new tracks"] = judging.judge(scorer, of_new).ndcg_at_10
    return Figures(
        name=name,
        ndcg_at_10=judged.ndcg_at_10,
        coverage=metrics.coverage(judged.shown, cut.data.shape[1]),
        slices={name: own for name, own in slices.items() if len(own)},
        means=judged.means(),
        judgement=judged,
    )
