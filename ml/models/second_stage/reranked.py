"""A blend whose best tracks are put in order again by gradient-boosted trees (LambdaMART).

Burges, "From RankNet to LambdaRank to LambdaMART" (2010), by LightGBM. The trees add to the blend's
score: where they have learned nothing, its order stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ml.evaluation.ranking import best
from ml.models.array_files import from_matrix, to_matrix
from ml.models.blend import Blend
from ml.models.model import Model, learned
from ml.models.second_stage.candidate_features import candidate_features, whole_scores
from ml.models.second_stage.track_facts import Metadata, facts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scipy.sparse import csr_matrix

    from ml.data.interactions import Floats, Interactions, Ints
    from ml.models.array_files import Arrays

CANDIDATES = 100
"""The tracks of each user that are put in order again: those that the blend ranks first."""
_USERS = 500
_BLEND = "blend/"


@dataclass(frozen=True, slots=True, eq=False)
class Reranked(Model):
    """The blend's scores; to those of each user's best new tracks the trees add."""

    name: ClassVar[str] = "reranked"
    blend: Blend
    trees: npt.NDArray[np.uint8]
    """LightGBM's text of them, as bytes."""
    facts: Floats = learned()
    values: csr_matrix = learned()
    column: Ints = learned()
    played: csr_matrix = learned(by_user=True)

    def settings(self) -> dict[str, float]:
        """Return the weights of the blend, and the number of trees."""
        return self.blend.settings() | {"trees": float(_booster(self.trees.tobytes()).num_trees())}

    def fit(self, data: Interactions, seed: int) -> Self:
        """Train the blend; the trees stay as they are."""
        return replace(self, blend=self.blend.fit(data, seed)).with_facts(data)

    def with_facts(self, data: Interactions) -> Self:
        """Return the model with what `data` says of tracks and users, and the same blend."""
        metadata = Metadata.of(data)
        return replace(
            self,
            facts=facts_of(data),
            values=metadata.values,
            column=metadata.column,
            played=data.plays,
        )

    def scores(self, users: Ints) -> Floats:
        """Return the sum of the parts' weighted scores and what the trees add."""
        self.require_fitted()
        begins = range(0, len(users), _USERS)
        chunks = [self._scores(users[begin : begin + _USERS]) for begin in begins]
        return np.concatenate(chunks) if chunks else self.blend.scores(users)

    def _scores(self, users: Ints) -> Floats:
        features, candidates, scores = self.features(users)
        added = added_by(_booster(self.trees.tobytes()), features).astype(np.float32)
        # Tracks behind the candidates stay behind them.
        total: Floats = scores + added.min(axis=1, keepdims=True)
        row, place = np.nonzero(candidates >= 0)
        column = candidates[row, place]
        total[row, column] = scores[row, column] + added[row, place]
        return total

    def features(self, users: Ints) -> tuple[Floats, Ints, Floats]:
        """Return the features of each user's candidates, the candidates, and the blend's scores.

        Users x candidates x features; columns of tracks, -1 where a user has fewer; users x tracks.
        """
        parts, weights = self.blend.parts, self.blend.weights
        scores = whole_scores([part.scores(users) for part in parts], weights)
        played = self.played[users]
        to_discover = np.where(played.toarray() > 0, np.float32(-np.inf), scores[0])
        candidates = best(to_discover, CANDIDATES)
        metadata = Metadata(self.values, self.column)
        at = np.maximum(candidates, 0)
        return candidate_features(scores, played, self.facts, metadata, at), candidates, scores[0]

    def of_users(self, users: Ints) -> Self:
        """Return the model that knows only these users."""
        return replace(self, blend=self.blend.of_users(users), played=self.played[users])

    def arrays(self) -> Arrays:
        """Return the trees, what is known of tracks and users, and the blend's arrays."""
        self.require_fitted()
        own: Arrays = {"trees": self.trees, "facts": self.facts, "column": self.column}
        own |= from_matrix("values", self.values) | from_matrix("played", self.played)
        return own | {f"{_BLEND}{name}": array for name, array in self.blend.arrays().items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Return the model that `arrays()` came from."""
        of_blend = {
            name.removeprefix(_BLEND): array
            for name, array in arrays.items()
            if name.startswith(_BLEND)
        }
        return cls(
            Blend.from_arrays(of_blend),
            arrays["trees"],
            facts=arrays["facts"],
            values=to_matrix("values", arrays),
            column=arrays["column"],
            played=to_matrix("played", arrays),
        )


def added_by(booster: Any, features: Floats) -> npt.NDArray[np.float64]:  # noqa: ANN401
    """Return users x candidates: what LightGBM's trees add to the blend's scores."""
    added = booster.predict(features.reshape(-1, features.shape[2]), num_threads=1)
    return np.asarray(added, np.float64).reshape(features.shape[:2])


@lru_cache(maxsize=4)
def _booster(trees: bytes) -> Any:  # noqa: ANN401 - LightGBM has no types
    from lightgbm import Booster

    return Booster(model_str=trees.decode())
