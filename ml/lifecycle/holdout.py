"""The holdout: listens after a training cut-off, on which models are evaluated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ml.data import published_marts
from ml.data.history import MAX_CUT_OFFS, history
from ml.data.snapshot import listens, snapshot
from ml.errors import TooFewListens
from ml.evaluation.evaluation import discovery, evaluate_scorer, of_new_tracks
from ml.evaluation.metrics import coverage
from ml.lifecycle.promotion import POPULARITY, RankerMetrics, UserValues
from ml.models.baseline import Baseline
from ml.models.bundle import align
from ml.models.popularity import Popularity

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from ml.data.history import History, Plan
    from ml.data.interactions import Interactions
    from ml.data.listens import Listens
    from ml.data.snapshot import Snapshot
    from ml.evaluation.evaluation import Scorer
    from ml.models.bundle import Bundle
    from ml.settings import MlSettings

LIGHT_PLAYS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Holdout:
    """Training interactions before a cut-off, and test interactions from it on."""

    snapshot: Snapshot
    listens: Listens
    """Every listen, for the holdouts of earlier weeks."""
    test: Interactions
    history: History
    plan: Plan
    baseline: Baseline
    """Fitted on the training interactions, once for all rankers that are evaluated here."""

    @property
    def training(self) -> Interactions:
        """All that a model may learn from."""
        return self.snapshot.data

    def at(self, week: int) -> Holdout:
        """Return the holdout of an earlier week: training before it, test on it."""
        if week == 0:
            return self
        since, until = self.history.cut_off(week), self.history.cut_off(week - 1)
        data = self._between(None, since)
        return replace(
            self,
            snapshot=replace(self.snapshot, as_of=since, data=data),
            test=self._between(since, until),
            baseline=Baseline().fit(data, seed=0),
        )

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
        end = np.datetime64(until, "us")
        if since is None:
            return self.listens.only(at < end, until=end)
        return self.listens.only((at < end) & (at >= np.datetime64(since, "us")))


def hold_out(
    published: duckdb.DuckDBPyConnection, settings: MlSettings, max_cut_offs: int = MAX_CUT_OFFS
) -> Holdout:
    """Split at the oldest cut-off that features were taken at; test up to the newest.

    Args:
        published: The published file.
        settings: The listens that a training needs at least.
        max_cut_offs: Cut-offs at which a training is evaluated, earlier ones included.

    Returns:
        The holdout, and the plan at which weeks more a training can be evaluated.

    Raises:
        TooFewListens: There are too few to train on, or none to test by.

    """
    first, last = ends(published_marts.cut_offs(published))
    weeks = history(published, first, last)
    require_enough(weeks, settings)
    known = snapshot(published, first, with_those_of=last)
    every = listens(published, known.data, until=last)
    assert every.at is not None
    test = every.only(every.at >= np.datetime64(first, "us"))
    baseline = Baseline().fit(known.data, seed=0)
    return Holdout(known, every, test, weeks, weeks.plan(settings, max_cut_offs), baseline)


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


def metrics_of(bundle: Bundle, holdout: Holdout) -> RankerMetrics:
    """Evaluate a bundle as it would be served: with the baseline for users it does not know."""
    return _metrics_of(bundle.name, align(bundle, holdout.training, holdout.baseline), holdout)


def metrics_of_popularity(holdout: Holdout) -> RankerMetrics:
    """Evaluate popularity."""
    return _metrics_of(POPULARITY, Popularity().fit(holdout.training, seed=0), holdout)


def _metrics_of(name: str, scorer: Scorer, holdout: Holdout) -> RankerMetrics:
    training, test = holdout.training, holdout.test
    task = discovery(training, test)
    if not len(task.users):
        raise TooFewListens("no user played a track that was new to them, to test by")
    evaluation = evaluate_scorer(scorer, task)
    plays = np.asarray(training.plays.sum(axis=1)).ravel()[task.users]
    which = {
        "new users": plays == 0,
        "light users": (plays > 0) & (plays <= LIGHT_PLAYS),
        "others": plays > LIGHT_PLAYS,
    }
    slices = {
        name: UserValues(evaluation.ndcg_at_10[its], task.users[its])
        for name, its in which.items()
        if its.any()
    }
    new = of_new_tracks(training, test)
    if len(new.users):
        slices["new tracks"] = UserValues(evaluate_scorer(scorer, new).ndcg_at_10, new.users)
    return RankerMetrics(
        name=name,
        ndcg_at_10=UserValues(evaluation.ndcg_at_10, task.users),
        coverage=coverage(evaluation.shown, training.shape[1]),
        slices=slices,
        means=evaluation.means(),
        evaluation=evaluation,
    )
