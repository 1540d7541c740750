"""A blend: each model's scores in the same measure, added up by weights (`mixture.py`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ml.models.hybrid import Hybrid
from ml.models.ials import Ials
from ml.models.model import Model
from ml.models.neighbourhood.ease import Ease
from ml.models.neighbourhood.near_ease import NearEase
from ml.models.neighbourhood.rp3beta import Rp3Beta
from ml.models.neighbourhood.session_knn import SessionKnn
from ml.models.softmax.softmax import Softmax

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from ml.data.interactions import Floats, Interactions, Ints
    from ml.models.array_files import Arrays

_PARTS: tuple[type[Model], ...] = (Hybrid, Ease, NearEase, Ials, Softmax, Rp3Beta, SessionKnn)


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
        """Train the parts that have a weight; the others are left out, for nothing asks them."""
        asked = self.weighted()
        return replace(asked, parts=tuple(part.fit(data, seed) for part in asked.parts))

    def weighted(self) -> Self:
        """Return the blend without the parts that have no weight."""
        pairs = [pair for pair in zip(self.parts, self.weights, strict=True) if pair[1]]
        return replace(
            self,
            parts=tuple(part for part, _ in pairs),
            weights=tuple(weight for _, weight in pairs),
        )

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
