"""Item-kNN: tracks that the listeners of one's own tracks also played."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from ml.models.model import Model, learned
from ml.models.neighbourhood.neighbours import neighbours

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Floats, Interactions, Ints


@dataclass(frozen=True, slots=True, eq=False)
class ItemKnn(Model):
    """A track's score: the similarity to each of the user's tracks that it is a neighbour of."""

    name: ClassVar[str] = "item-knn"
    neighbours: int = 100
    shrink: float = 10.0
    near: csr_matrix = learned()
    weights: csr_matrix = learned(by_user=True)

    def fit(self, data: Interactions, seed: int) -> Self:  # noqa: ARG002 - nothing is drawn
        """Find each track's neighbours."""
        near = neighbours(data.weights, self.neighbours, self.shrink)
        return replace(self, near=near, weights=data.weights)

    def scores(self, users: Ints) -> Floats:
        """Return the similarities summed over what each user played, by its weight."""
        self.require_fitted()
        scores: Floats = (self.weights[users] @ self.near).toarray().astype(np.float32)
        return scores
