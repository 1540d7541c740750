"""The baseline: a rank for every track by neighbours, content and popularity, with no training.

It is the first champion of an app and what a learned model has to beat. It also ranks for users
and tracks that a learned model does not know. It works without a listen, for one user, one track.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from ml.models.model import Model, learned
from ml.models.neighbourhood.neighbours import neighbours
from ml.models.popularity import Popularity

if TYPE_CHECKING:
    import numpy.typing as npt

    from ml.data.interactions import Features, Floats, Interactions, Ints

STRATEGIES = ("model", "neighbours", "metadata", "popularity", "again")
"""What recommends a track; `again`: it was heard lately, and nothing else is left."""
MODEL, NEIGHBOURS, METADATA, POPULARITY, AGAIN = range(5)

# A favourite genre says little of what is played next: ranking by it first took NDCG@10 of new
# users from .155 to .078 on the generated world; a quarter on top of popularity kept the .155.
FITS_BY = 0.25
# Of tracks without a listener, those that fit a profile come first.
_UNHEARD = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Baseline(Model):
    """A track's score: its neighbours' + its content's, by the taste, + its popularity.

    W is the number of values of the tracks' metadata.
    """

    name: ClassVar[str] = "baseline"
    is_fitted_on_use: ClassVar[bool] = True
    neighbours: int = 50
    shrink: float = 10.0
    content: float = 1.0
    popularity: float = 0.3
    near: csr_matrix = learned()
    """Tracks x tracks: the similarity of neighbours."""
    weights: csr_matrix = learned(by_user=True)
    """Users x tracks: how much each listen says of a taste."""
    taste: csr_matrix = learned(by_user=True)
    """Users x W, rows of length 1: the metadata of what was listened to."""
    favourites: csr_matrix = learned(by_user=True)
    """Users x W: the genres of the profile."""
    words: csr_matrix = learned()
    """Tracks x W, rows of length 1."""
    listeners: Floats = learned()
    """Of each track, its listeners in the last 30 days over those of the most popular one."""

    def fit(self, data: Interactions, seed: int) -> Self:
        """Find each track's neighbours, each user's taste, and what is popular."""
        words = _length_one(_matrix(data.track_features, data.shape[1]))
        listeners = Popularity().fit(data, seed).scores(np.array([0]))[0]
        return replace(
            self,
            near=neighbours(data.weights, self.neighbours, self.shrink),
            weights=data.weights,
            taste=_length_one((data.weights @ words).tocsr()),
            favourites=_favourites(data),
            words=words,
            listeners=listeners / max(listeners.max(initial=0.0), np.float32(1e-12)),
        )

    def scores(self, users: Ints) -> Floats:
        """Return the sum of the three parts, each by its weight."""
        self.require_fitted()
        scores = self._by_neighbours(users)
        scores += self._by_content(users)
        popular = np.float32(self.popularity) * (self.listeners + np.float32(_UNHEARD))
        scores += popular * (1 + np.float32(FITS_BY) * self._fits(users))
        return scores

    def strategies(self, row: Ints, column: Ints) -> Ints:
        """Return what speaks for each pair of user and track most, by its place in `STRATEGIES`."""
        self.require_fitted()
        users, place = np.unique(row, return_inverse=True)
        near = self._by_neighbours(users)[place, column]
        alike = self._by_content(users)[place, column]
        is_content = (alike > 0) | self._fits(users)[place, column]
        by = np.where(is_content, METADATA, POPULARITY)
        strategies: Ints = np.where((near > 0) & (near >= alike), NEIGHBOURS, by)
        return strategies

    def _by_neighbours(self, users: Ints) -> Floats:
        scores: Floats = (self.weights[users] @ self.near).toarray().astype(np.float32)
        return scores

    def _by_content(self, users: Ints) -> Floats:
        scores: Floats = (self.taste[users] @ self.words.T).toarray()
        return np.float32(self.content) * scores.astype(np.float32)

    def _fits(self, users: Ints) -> npt.NDArray[np.bool_]:
        """Return users x tracks: true where a genre of the track is one of the profile's."""
        fits: npt.NDArray[np.bool_] = (self.favourites[users] @ self.words.T).toarray() > 0
        return fits


def _matrix(features: Features | None, rows: int) -> csr_matrix:
    if features is None:
        return csr_matrix((rows, 1), dtype=np.float32)
    return features.matrix.astype(np.float32).tocsr()


def _length_one(matrix: csr_matrix) -> csr_matrix:
    """Return the same cells, each row scaled to length 1."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    squares = np.bincount(row, np.square(matrix.data), matrix.shape[0])
    length = np.maximum(np.sqrt(squares), 1e-12)
    data = (matrix.data / length[row]).astype(np.float32)
    return csr_matrix((data, matrix.indices, matrix.indptr), matrix.shape)


def _favourites(data: Interactions) -> csr_matrix:
    """Return users x values of track metadata: 1 for the genres that a profile names."""
    values = data.track_features.names if data.track_features else ()
    genres = {name.removeprefix("genres="): at for at, name in enumerate(values)}
    names = data.user_features.names if data.user_features else ()
    own = [name.removeprefix("favorite_genre=") for name in names]
    shared = [(at, genres[name]) for at, name in enumerate(own) if name in genres]
    if not shared or data.user_features is None:
        return csr_matrix((data.shape[0], max(len(values), 1)), dtype=np.float32)
    source, target = zip(*shared, strict=True)
    ones = np.ones(len(shared), np.float32)
    to_values = csr_matrix((ones, (source, target)), shape=(len(names), len(values)))
    return (data.user_features.matrix @ to_values).astype(np.float32).tocsr()
