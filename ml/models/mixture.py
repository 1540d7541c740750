"""The weights of a blend: the mean of the best for many draws of the validation users.

The best weights of one set of users are partly luck. Where the draws agree, so does their mean;
where parts tie, it shares the weight between them, which is safer than to bet on one: over 24 drawn
logs the mean ended 2.7 % above the part that the test showed to be best, and that of the parts
which validation showed to be best 1.0 % below it (docs/decisions/0050).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ml.evaluation import metrics
from ml.evaluation.evaluation import discovery
from ml.evaluation.ranking import best, hits_of
from ml.models.blend import standardised

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ml.data.interactions import Floats, Interactions, Ints
    from ml.evaluation.evaluation import Task
    from ml.models.model import Model

Weights = tuple[float, ...]

VALIDATION_USERS = 2_000
DEPTH = 40
"""A mixture ranks the best tracks of each part: what no part has there is not among its ten."""
STEPS = 5
DRAWS = 100
LEAST = 0.15
"""A part with less weight is left out: it costs a training, and chance alone gives it as much."""
_CHUNK = 250


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What the parts rank first for each user, and which of it was played."""

    scores: Floats
    """Parts x users x candidates, standardised; minus infinity where there is none."""
    is_relevant: npt.NDArray[np.bool_]
    relevant: Ints
    """Of each user, how many tracks were played."""

    def ndcg(self, weights: Weights) -> metrics.PerUser:
        """Return each user's NDCG@10 of the weighted sum."""
        parts = zip(self.scores, weights, strict=True)
        total = np.add.reduce([np.float32(weight) * part for part, weight in parts if weight])
        return metrics.ndcg(hits_of(self.is_relevant, best(total, 10)), self.relevant)


def choose_weights(
    parts: Sequence[Model], train: Interactions, validation: Interactions
) -> tuple[Weights, float]:
    """Return the weights, and their NDCG@10 on validation.

    Args:
        parts: the models, fitted on `train`.
        train: what the users had heard.
        validation: what they played then.

    """
    candidates = candidates_of(parts, discovery(train, validation, at_most=VALIDATION_USERS))
    return weigh_parts(candidates)


def weigh_parts(candidates: Candidates) -> tuple[Weights, float]:
    """Return the weights for the candidates' parts, and their NDCG@10.

    While a part has too little weight, the least is left out, and the others are weighed again.
    """
    shares = np.array(in_fifths(len(candidates.scores)))
    found = np.array([candidates.ndcg(tuple(weights)) for weights in shares])
    rng = np.random.default_rng(0)
    users = found.shape[1]
    drawn = rng.multinomial(users, np.full(users, 1 / users), DRAWS) @ found.T
    while True:
        mean = shares[np.argmax(drawn, axis=1)].mean(axis=0)
        least = np.min(mean, where=mean > 0, initial=1)
        if least >= LEAST or least == mean.max():
            break
        without = shares[:, mean == least].sum(axis=1) == 0
        shares, drawn = shares[without], drawn[:, without]
    weights = tuple(map(float, (mean / mean.sum()).round(3)))
    return weights, float(candidates.ndcg(weights).mean())


def candidates_of(parts: Sequence[Model], task: Task) -> Candidates:
    """Let each part rank what each user of the task had not heard, and keep the best of each."""
    chunks = [task.users[begin : begin + _CHUNK] for begin in range(0, len(task.users), _CHUNK)]
    made = [_candidates(parts, task, users) for users in chunks]
    scores, is_relevant, relevant = zip(*made, strict=True)
    return Candidates(
        np.concatenate(scores, axis=1), np.concatenate(is_relevant), np.concatenate(relevant)
    )


def _candidates(
    parts: Sequence[Model], task: Task, users: Ints
) -> tuple[Floats, npt.NDArray[np.bool_], Ints]:
    heard = task.training.heard(users)
    is_relevant = task.test.heard(users) & ~heard
    scored = [
        np.where(heard, np.float32(-np.inf), standardised(part.scores(users))) for part in parts
    ]
    column = np.sort(np.concatenate([best(scores, DEPTH) for scores in scored], axis=1), axis=1)
    is_first = np.diff(column, axis=1, prepend=-1) > 0  # neither none (-1) nor there before
    at = np.maximum(column, 0)
    kept = [
        np.where(is_first, np.take_along_axis(scores, at, axis=1), np.float32(-np.inf))
        for scores in scored
    ]
    return np.array(kept), np.take_along_axis(is_relevant, at, axis=1), is_relevant.sum(axis=1)


def in_fifths(parts: int) -> list[Weights]:
    """Return all ways to share 1 among the parts in steps of a fifth."""
    counts = itertools.product(range(STEPS + 1), repeat=parts)
    return [tuple(n / STEPS for n in count) for count in counts if sum(count) == STEPS]
