"""LightFM: factors learned to put what was played above what was not (WARP), from ids and features.

Kula, "Metadata Embeddings for User and Item Cold-start Recommendations" (2015).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from ml.models.model import Model, learned, setting
from ml.models.sides import track_side, user_side

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from ml.data.interactions import Floats, Interactions, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Hybrid(Model):
    """A track's score: its bias, and its factors times the user's.

    The factors of a user or track are the mean, or sum, of its features': its identity, its
    metadata, and for a track the identities of its nearest by co-occurrence. That last lifted
    NDCG@10 from .276 to .359 on a sparse log of tracks. Users about whom nothing is known are
    shown what is popular, which was better than an average taste (.272 against .224).
    """

    name: ClassVar[str] = "lightfm"
    no_components: int = setting(96, stored="dimensions")
    learning_rate: float = setting(0.05, stored="rate")
    max_sampled: int = setting(50, stored="sampled")
    epochs: int = 45
    neighbours: int = 5
    averaged: bool = True
    """Means learn slower and smoother, which few plays per track need; sums follow more closely."""
    user_factors: Floats = learned(by_user=True)
    track_factors: Floats = learned()
    track_biases: Floats = learned()
    popularity: Floats = learned()
    nothing_known: npt.NDArray[np.bool_] = learned(by_user=True)

    def fit(self, data: Interactions, seed: int) -> Self:
        """Train for all epochs, on one thread: more would race, and no two runs be the same."""
        return self.fit_watched(data, seed, self.epochs, lambda _epoch, _model: False)

    def fit_watched(
        self, data: Interactions, seed: int, every: int, stop: Callable[[int, Self], bool]
    ) -> Self:
        """Train; each few epochs hand the model so far to `stop`, which may end it.

        Args:
            data: the training interactions.
            seed: of every draw.
            every: epochs between two calls of `stop`.
            stop: called with the number of epochs and the model so far; true ends the training.

        """
        from lightfm import LightFM

        users = user_side(data, averaged=self.averaged)
        tracks = track_side(data, self.neighbours, averaged=self.averaged)
        learner = LightFM(
            no_components=self.no_components,
            loss="warp",
            learning_rate=self.learning_rate,
            max_sampled=self.max_sampled,
            random_state=seed,
        )
        weights = data.weights.tocoo()
        played = (data.weights > 0).astype(np.float32).tocoo()
        done, fitted = 0, self
        while done < self.epochs:
            step = min(every, self.epochs - done)
            learner.fit_partial(
                played, users, tracks, sample_weight=weights, epochs=step, num_threads=1
            )
            done += step
            biases, track_factors = learner.get_item_representations(tracks)
            _, user_factors = learner.get_user_representations(users)
            fitted = replace(
                self,
                user_factors=user_factors.astype(np.float32),
                track_factors=track_factors.astype(np.float32),
                track_biases=biases.astype(np.float32),
                popularity=np.bincount(data.plays.indices, minlength=data.shape[1]).astype("f4"),
                nothing_known=np.diff(users.indptr) == 0,
            )
            if stop(done, fitted):
                break
        return fitted

    def work(self, data: Interactions) -> float:
        """Return the work of all pairs at each epoch, by the parts of a track and the factors."""
        values = int(data.track_features.matrix.nnz) if data.track_features else 0
        parts = 1 + self.neighbours + values / max(data.shape[1], 1)
        return self.epochs * int(data.plays.nnz) * (1.2e-6 + 1.5e-8 * parts * self.no_components)

    def scores(self, users: Ints) -> Floats:
        """Return factors times factors, and biases."""
        self.require_fitted()
        scores: Floats = self.user_factors[users] @ self.track_factors.T
        scores += self.track_biases
        scores[self.nothing_known[users]] = self.popularity
        return scores
