"""A blend: each model's scores in the same measure, added up by weights chosen on validation."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ml.evaluation.bootstrap import paired_gain
from ml.evaluation.evaluation import discovery, evaluate_scorer
from ml.models.ease import Ease
from ml.models.hybrid import Hybrid
from ml.models.model import Model
from ml.models.softmax.softmax import Softmax

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from ml.data.interactions import Floats, Interactions, Ints
    from ml.models.array_files import Arrays

_PARTS: tuple[type[Model], ...] = (Hybrid, Ease, Softmax)
_VALIDATION_USERS = 1_000
STEPS = 10
_ONE_ERROR = 0.68
"""Confidence of intervals whose ends are one standard error from the mean."""


@dataclass(frozen=True, slots=True, eq=False)
class Blend(Model):
    """The weighted sum of its parts' scores, standardised within each user."""

    name: ClassVar[str] = "blend"
    parts: tuple[Model, ...]
    weights: tuple[float, ...]

    def settings(self) -> dict[str, float]:
        """Return the weight of each part."""
        names = (part.name for part in self.parts)
        return dict(zip(names, self.weights, strict=True))

    def fit(self, data: Interactions, seed: int) -> Self:
        """Train the parts that have a weight; the others are dropped, for nothing asks them."""
        weighted = [pair for pair in zip(self.parts, self.weights, strict=True) if pair[1]]
        parts = tuple(part.fit(data, seed) for part, _ in weighted)
        return replace(self, parts=parts, weights=tuple(weight for _, weight in weighted))

    def scores(self, users: Ints) -> Floats:
        """Return the weighted sum; parts without weight are not asked."""
        asked = [
            np.float32(weight) * standardised(part.scores(users))
            for part, weight in zip(self.parts, self.weights, strict=True)
            if weight
        ]
        return np.add.reduce(asked)  # type: ignore[no-any-return]

    def of_users(self, users: Ints) -> Self:
        """Return the blend of parts that know only these users."""
        return replace(self, parts=tuple(part.of_users(users) for part in self.parts))

    def arrays(self) -> Arrays:
        """Return the weights, and each part's arrays under its name and a slash."""
        arrays: Arrays = {"weights": np.array(self.weights)}
        for part in self.parts:
            arrays |= {f"{part.name}/{name}": array for name, array in part.arrays().items()}
        return arrays | {"parts": np.array([part.name for part in self.parts])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Return the model that `arrays()` came from."""
        types = {one.name: one for one in _PARTS}
        parts = []
        for name in map(str, arrays["parts"]):
            start = f"{name}/"
            own = {key.removeprefix(start): a for key, a in arrays.items() if start in key}
            parts.append(types[name].from_arrays(own))
        return cls(tuple(parts), tuple(map(float, arrays["weights"])))


def standardised(scores: Floats) -> Floats:
    """Return each row less its mean, over its spread; a row all alike becomes 0."""
    scores = scores - scores.mean(axis=1, keepdims=True)
    spread = scores.std(axis=1, keepdims=True)
    scores /= np.maximum(spread, np.float32(1e-12))
    return scores


@dataclass(frozen=True, slots=True, eq=False)
class _Sum:
    """Scores computed once, weighted many times."""

    row: Ints
    parts: Sequence[Floats]
    weights: Sequence[float]

    def scores(self, users: Ints) -> Floats:
        rows = self.row[users]
        parts = zip(self.parts, self.weights, strict=True)
        return np.add.reduce([np.float32(w) * part[rows] for part, w in parts if w])  # type: ignore[no-any-return]


def choose_weights(
    parts: Sequence[Model], train: Interactions, validation: Interactions
) -> tuple[tuple[float, ...], float]:
    """Return the weights, in tenths, of the highest NDCG@10 on validation, and that figure.

    A part alone is kept unless a mixture is better by more than a standard error: the best of many
    is partly luck.

    Args:
        parts: the models, fitted on `train`.
        train: what the users had heard.
        validation: what they played then.

    """
    task = discovery(train, validation, at_most=_VALIDATION_USERS)
    row = np.zeros(train.shape[0], np.int64)
    row[task.users] = np.arange(len(task.users))
    scored = [standardised(part.scores(task.users)) for part in parts]
    found = {
        weights: evaluate_scorer(_Sum(row, scored, weights), task).ndcg_at_10
        for weights in in_tenths(len(parts))
    }
    mixture, alone = (
        max(weighed, key=lambda weights: float(found[weights].mean()))
        for weighed in (list(found), [weights for weights in found if max(weights) == 1])
    )
    gain = paired_gain(found[mixture], found[alone], seed=0, confidence=_ONE_ERROR)
    best = mixture if gain.low > 0 else alone
    return best, float(found[best].mean())


def in_tenths(parts: int) -> list[tuple[float, ...]]:
    """Return all ways to share 1 among the parts in steps of a tenth."""
    counts = itertools.product(range(STEPS + 1), repeat=parts)
    return [tuple(n / STEPS for n in count) for count in counts if sum(count) == STEPS]
