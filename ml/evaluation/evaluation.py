"""Evaluation of a ranker, user by user, on listens it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from ml.evaluation import metrics
from ml.evaluation.ranking import best, hits_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Floats, Interactions, Ints

AT = 20
_CELLS = 20_000_000  # scores at a time: 80 MB


class Scorer(Protocol):
    """Anything that scores tracks: a trained model, or an oracle."""

    def scores(self, users: Ints) -> Floats:
        """Return users x tracks."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """The test users, their relevant tracks, and the candidates: each users x tracks, or all."""

    users: Ints
    training: Interactions
    test: Interactions
    candidates: npt.NDArray[np.bool_] | None = None
    """Only these tracks can be ranked, and count; none: all."""
    again: bool = False
    """Only tracks already heard can be ranked, and count, instead of only those not yet heard."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Per test user: the metrics, and the ten tracks shown."""

    users: Ints
    ndcg_at_10: metrics.PerUser
    recall_at_10: metrics.PerUser
    recall_at_20: metrics.PerUser
    map_at_10: metrics.PerUser
    shown: Ints

    def of(self, which: Ints) -> Evaluation:
        """Return some of the users, by position."""
        return Evaluation(*(getattr(self, name)[which] for name in self.__slots__))

    def means(self) -> dict[str, float]:
        """Return the mean of each metric over the users."""
        names = ("ndcg_at_10", "recall_at_10", "recall_at_20", "map_at_10")
        return {name: float(getattr(self, name).mean()) for name in names}


def discovery(training: Interactions, test: Interactions, at_most: int | None = None) -> Task:
    """Test by the tracks of `test` that a user had not heard; all users with one, or a sample.

    Args:
        training: what the users had heard.
        test: what they played then.
        at_most: test users at most; of more, a sample is drawn.

    """
    heard_before = test.plays.multiply(training.plays > 0).tocsr()
    users = np.flatnonzero(_pairs(test.plays) > _pairs(heard_before))
    if at_most is not None and len(users) > at_most:
        users = np.sort(np.random.default_rng(0).choice(users, at_most, replace=False))
    return Task(users, training, test)


def listen_again(training: Interactions, test: Interactions) -> Task:
    """Test by the tracks of `test` that a user had heard, ranked among all that were heard."""
    repeated = test.plays.multiply(training.plays > 0).tocsr()
    return Task(np.flatnonzero(_pairs(repeated)), training, test, again=True)


def of_new_tracks(training: Interactions, test: Interactions) -> Task:
    """Test by the tracks without a listener before, ranked among themselves."""
    never_played = np.asarray(training.plays.sum(axis=0)).ravel() == 0
    played = np.asarray(test.plays[:, np.flatnonzero(never_played)].sum(axis=1)).ravel()
    return Task(np.flatnonzero(played), training, test, candidates=never_played)


def evaluate_scorer(scorer: Scorer, task: Task) -> Evaluation:
    """Rank every candidate for every user of the task, and compare with what was played."""
    size = max(1, _CELLS // task.training.shape[1])
    chunks = [task.users[begin : begin + size] for begin in range(0, len(task.users), size)]
    parts = [_evaluate_chunk(scorer, task, users) for users in chunks]
    hits, relevant, shown = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Evaluation(
        users=task.users,
        ndcg_at_10=metrics.ndcg(hits[:, :10], relevant),
        recall_at_10=metrics.recall(hits[:, :10], relevant),
        recall_at_20=metrics.recall(hits[:, :20], relevant),
        map_at_10=metrics.average_precision(hits[:, :10], relevant),
        shown=shown[:, :10],
    )


def _evaluate_chunk(scorer: Scorer, task: Task, users: Ints) -> tuple[metrics.Hits, Ints, Ints]:
    can_be = task.training.heard(users)
    if not task.again:
        np.logical_not(can_be, out=can_be)
    if task.candidates is not None:
        can_be &= task.candidates
    is_relevant = task.test.heard(users) & can_be
    scores = np.where(can_be, scorer.scores(users), np.float32(-np.inf))
    shown = best(scores, AT)
    hits = hits_of(is_relevant, shown)
    if (missing := AT - shown.shape[1]) > 0:  # fewer tracks in all than ranks
        hits = np.pad(hits, ((0, 0), (0, missing)))
        shown = np.pad(shown, ((0, 0), (0, missing)), constant_values=-1)
    return hits, is_relevant.sum(axis=1), shown


def _pairs(matrix: csr_matrix) -> Ints:
    """Return how many tracks each user has."""
    number: Ints = np.diff(matrix.indptr).astype(np.int64)
    return number
