"""A softmax over all tracks: P(track | user) itself, by factors of ids and metadata.

Where WARP asks only for the right order, this fits the probabilities of what is played (a
multinomial likelihood with Gaussian priors), which is the better use of few listens of long tails.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.models.model import Model, learned, setting
from ml.models.softmax.exposure import exposure
from ml.models.softmax.posterior import Problem, Side, infer

if TYPE_CHECKING:
    from ml.data.interactions import Features, Floats, Interactions, Ints

AGAIN, MOST = 0.4, 10.0
"""What a play says after a pair's first, for much of it is habit; and what a pair says at most.

Beside log2(1 + plays): NDCG@10 .143 instead of .139 (validation, generated world, three seeds).
"""
FEW = 40
"""Of metadata with so few values, like genres, each user has a liking of each value."""


@dataclass(frozen=True, slots=True, eq=False)
class Softmax(Model):
    """Log-probabilities up to a user's constant: bias + factors times factors.

    The last factors of a track are known: its values of metadata.
    """

    name: ClassVar[str] = "softmax"
    no_components: int = setting(16, stored="dimensions")
    prior: float = 0.0
    """How strongly factors are held at zero: like so many listens; 0: learned."""
    epochs: int = setting(100, stored="passes")
    max_items: int = setting(8_000, stored="most")
    """Each epoch costs users x so many tracks, the most played ones."""
    user_factors: Floats = learned(by_user=True)
    track_factors: Floats = learned()
    track_biases: Floats = learned()

    def fit(self, data: Interactions, seed: int) -> Self:
        """Infer the parameters from all users' plays, on one thread."""
        plays = data.plays.copy()
        plays.data = np.minimum(1 + AGAIN * (plays.data - 1), MOST).astype(np.float32)
        if data.reactions is not None:
            plays = data.reactions.added_to(plays, data.plays, MOST)
        listeners = np.bincount(plays.indices, minlength=data.shape[1])
        shown = np.sort(np.argsort(-listeners, kind="stable")[: self.max_items])
        shown = shown[listeners[shown] > 0]
        heard = np.flatnonzero(np.diff(plays.indptr) > 0)
        users = Side.of(data.shape[0], data.user_features)
        tracks = Side.of(data.shape[1], data.track_features)
        values = _of_few_values(data.shape[1], data.track_features)
        with threadpool_limits(1, user_api="blas"):
            problem = Problem(
                plays[heard][:, shown].tocsr(),
                users.only(heard),
                tracks.only(shown),
                values[shown].toarray(),
                exposure(data)[shown],
            )
            means = infer(problem, self.no_components, self.prior, self.epochs, seed)
        factors = np.hstack([means["user"], means["liking"]])
        return replace(
            self,
            user_factors=users.matrix @ factors,
            track_factors=np.hstack([tracks.matrix @ means["track"], values.toarray()]),
            track_biases=(tracks.matrix @ means["bias"]).ravel(),
        )

    def work(self, data: Interactions) -> float:
        """Return the work of the scores of all users and tracks at each epoch."""
        values = int(_of_few_values(data.shape[1], data.track_features).shape[1])
        width = 3 * self.no_components + values
        cells = data.shape[0] * min(data.shape[1], self.max_items)
        return self.epochs * cells * (1.8e-9 + 5.7e-11 * width)

    def scores(self, users: Ints) -> Floats:
        """Return factors times factors, and biases."""
        self.require_fitted()
        scores: Floats = self.user_factors[users] @ self.track_factors.T
        scores += self.track_biases
        return scores


def _of_few_values(tracks: int, features: Features | None) -> csr_matrix:
    """Return tracks x values, of the columns of metadata that have few."""
    columns = [name.partition("=")[0] for name in features.names] if features else []
    number = Counter(columns)
    few = [place for place, column in enumerate(columns) if number[column] <= FEW]
    if features is None or not few:
        return csr_matrix((tracks, 0), dtype=np.float32)
    return features.matrix[:, few].astype(np.float32).tocsr()
