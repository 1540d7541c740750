"""The listens that models are evaluated on: those after a training cut-off, which none has seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ml.data import published_marts
from ml.data.history import MOST_CUT_OFFS, history
from ml.data.snapshot import listens, snapshot
from ml.errors import TooFewListens
from ml.evaluation import judging, metrics
from ml.lifecycle.promotion import POPULARITY, Figures, UserValues
from ml.models.bundle import align
from ml.models.popularity import Popularity

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from ml.data.history import History, Plan
    from ml.data.interactions import Interactions
    from ml.data.listens import Listens
    from ml.data.snapshot import Snapshot
    from ml.models.bundle import Bundle
    from ml.settings import MlSettings

LIGHT_PLAYS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """What was known before the cut-off, and what was played from it on."""

    known: Snapshot
    listens: Listens
    """Every listen, to be cut further."""
    test: Interactions
    history: History
    plan: Plan

    @property
    def data(self) -> Interactions:
        """All that a model may learn from."""
        return self.known.data

    def at(self, week: int) -> Cut:
        """Cut at the beginning of an earlier week, and test on that week."""
        if week == 0:
            return self
        since, until = self.history.cut_off(week), self.history.cut_off(week - 1)
        data = self._between(None, since)
        known = replace(self.known, as_of=since, data=data)
        return replace(self, known=known, test=self._between(since, until))

    def for_settings(self) -> tuple[Interactions, Interactions] | None:
        """Return what to train on and the weeks after it to choose settings by, if there are any.

        Both lie before each week that the training is evaluated on.
        """
        oldest, number = self.plan.weeks[-1], self.plan.validation
        if not number:
            return None
        since = self.history.cut_off(oldest + number)
        return self._between(None, since), self._between(since, self.history.cut_off(oldest))

    def _between(self, since: datetime | None, until: datetime) -> Interactions:
        at = self.listens.at
        assert at is not None
        before = at < np.datetime64(until, "us")
        return self.listens.only(
            before if since is None else before & (at >= np.datetime64(since, "us"))
        )


def cut(
    published: duckdb.DuckDBPyConnection, settings: MlSettings, most: int = MOST_CUT_OFFS
) -> Cut:
    """Cut at the oldest cut-off that features were taken at; test up to the newest.

    Args:
        published: The published file.
        settings: The listens that a training needs at least.
        most: Cut-offs at most, the earlier ones included, at which a training is evaluated.

    Returns:
        The cut, and the plan at which weeks more it can be evaluated.

    Raises:
        TooFewListens: There are too few to train on, or none to test by.

    """
    first, last = ends(published_marts.cut_offs(published))
    weeks = history(published, first, last)
    require_enough(weeks, settings)
    known = snapshot(published, first, with_those_of=last)
    every = listens(published, known.data, until=last)
    assert every.at is not None
    is_test = every.at >= np.datetime64(first, "us")
    test, plan = every.only(is_test), weeks.plan(settings, most)
    return Cut(known, every, test, weeks, plan)


def require_enough(weeks: History, settings: MlSettings) -> None:
    """Raise `TooFewListens` unless there are listens to train on, and some to test by."""
    first = f"{weeks.cut_off(0):%Y-%m-%d}"
    train = weeks.listens_before(0)
    if train < settings.min_listens:
        raise TooFewListens(
            f"{train:,} before {first}, {settings.min_listens:,} are needed to train"
        )
    if not weeks.listens.get(0):
        raise TooFewListens(f"none from {first} on, to test by")


def ends(cut_offs: list[datetime]) -> tuple[datetime, datetime]:
    """Return the cut-off that training stops at, and the newest."""
    if len(cut_offs) < 2:
        raise TooFewListens("features of a training cut-off are not published")
    return cut_offs[0], cut_offs[-1]


def figures_of(bundle: Bundle, cut: Cut) -> Figures:
    """Evaluate a bundle as it would be served: with the baseline for whom it does not know."""
    return _figures(bundle.name, align(bundle, cut.data), cut)


def figures_of_popularity(cut: Cut) -> Figures:
    """Evaluate popularity."""
    return _figures(POPULARITY, Popularity().fit(cut.data, seed=0), cut)


def _figures(name: str, scorer: judging.Scorer, cut: Cut) -> Figures:
    task = judging.discovery(cut.data, cut.test)
    if not len(task.users):
        raise TooFewListens("nobody played a track that was new to them, to test by")
    judged = judging.judge(scorer, task)
    plays = np.asarray(cut.data.plays.sum(axis=1)).ravel()[task.users]
    which = {
        "new users": plays == 0,
        "light users": (plays > 0) & (plays <= LIGHT_PLAYS),
        "others": plays > LIGHT_PLAYS,
    }
    slices = {
        name: UserValues(judged.ndcg_at_10[its], task.users[its])
        for name, its in which.items()
        if its.any()
    }
    of_new = judging.of_new_tracks(cut.data, cut.test)
    if len(of_new.users):
        slices["new tracks"] = UserValues(judging.judge(scorer, of_new).ndcg_at_10, of_new.users)
    return Figures(
        name=name,
        ndcg_at_10=UserValues(judged.ndcg_at_10, task.users),
        coverage=metrics.coverage(judged.shown, cut.data.shape[1]),
        slices=slices,
        means=judged.means(),
        judgement=judged,
    )
