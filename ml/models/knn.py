"""Item-kNN, the second baseline: tracks that the listeners of one's own tracks also played."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ml.data.sparse import to_arrays, to_matrix
from ml.errors import NotFitted
from ml.models.neighbours import neighbours

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Floats, Interactions, Ints
    from ml.models.array_files import Arrays


@dataclass(frozen=True, slots=True, eq=False)
class ItemKnn:
    """A track's score: the similarity to each of the user's tracks that it is a neighbour of."""

    neighbours: int = 100
    shrink: float = 10.0
    near: csr_matrix | None = None
    weights: csr_matrix | None = None

    @property
    def name(self) -> str:
        """`item-knn`."""
        return "item-knn"

    def fit(self, data: Interactions, seed: int) -> Self:  # noqa: ARG002 - nothing is drawn
        """Find each track's neighbours."""
        near = neighbours(data.weights, self.neighbours, self.shrink)
        return replace(self, near=near, weights=data.weights)

    def scores(self, users: Ints) -> Floats:
        """Return the similarities summed over what each user played, by its weight."""
        if self.near is None or self.weights is None:
            raise NotFitted(self.name)
        scores: Floats = (self.weights[users] @ self.near).toarray().astype(np.float32)
        return scores

    def of_users(self, users: Ints) -> Self:
        """Return the model that knows only these users."""
        if self.weights is None:
            raise NotFitted(self.name)
        return replace(self, weights=self.weights[users])

    def arrays(self) -> Arrays:
        """Return the settings, the neighbours, and what each user played."""
        if self.near is None or self.weights is None:
            raise NotFitted(self.name)
        settings = {"neighbours": np.array(self.neighbours), "shrink": np.array(self.shrink)}
        return settings | to_arrays("near", self.near) | to_arrays("weights", self.weights)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Return the model that `arrays()` came from."""
        return cls(
            neighbours=int(arrays["neighbours"]),
            shrink=float(arrays["shrink"]),
            near=to_matrix("near", arrays),
            weights=to_matrix("weights", arrays),
        )
