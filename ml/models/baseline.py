"""The baseline: a rank for every track by neighbours, content and popularity, with no training.

It is the first champion of an app and what a learned model has to beat. It also ranks for users
and tracks that a learned model does not know. It works without a listen, for one user, one track.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.sparse import csr_matrix

from ml.data.sparse import to_arrays, to_matrix
from ml.errors import NotFitted
from ml.models.neighbours import neighbours
from ml.models.popularity import Popularity

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from ml.data.interactions import Features, Floats, Interactions, Ints
    from ml.models.array_files import Arrays

_SETTINGS = ("neighbours", "shrink", "content", "popularity")
_MATRICES = ("near", "weights", "taste", "favourites", "words")

STRATEGIES = ("model", "neighbours", "metadata", "popularity", "again")
"""What recommends a track; `again`: it was heard lately, and nothing else is left."""
MODEL, NEIGHBOURS, METADATA, POPULARITY, AGAIN = range(5)

# A favourite genre says little of what is played next: ranking by it first took NDCG@10 of new
# users from .155 to .078 on the generated world; a quarter on top of popularity kept the .155.
FITS_BY = 0.25
# Of tracks without a listener, those that fit a profile come first.
_UNHEARD = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What `fit` found; W is the number of values of the tracks' metadata."""

    near: csr_matrix
    """Tracks x tracks: the similarity of neighbours."""
    weights: csr_matrix
    """Users x tracks: how much each listen says of a taste."""
    taste: csr_matrix
    """Users x W, rows of length 1: the metadata of what was listened to."""
    favourites: csr_matrix
    """Users x W: the genres of the profile."""
    words: csr_matrix
    """Tracks x W, rows of length 1."""
    listeners: Floats
    """Of each track, its listeners in the last 30 days over those of the most popular one."""


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """A track's score: its neighbours' + its content's, by the taste, + its popularity."""

    neighbours: int = 50
    shrink: float = 10.0
    content: float = 1.0
    popularity: float = 0.3
    parts: Parts | None = None

    @property
    def name(self) -> str:
        """`baseline`."""
        return "baseline"

    def fit(self, data: Interactions, seed: int) -> Self:
        """Find each track's neighbours, each user's taste, and what is popular."""
        words = _length_one(_matrix(data.track_features, data.shape[1]))
        listeners = Popularity().fit(data, seed).scores(np.array([0]))[0]
        parts = Parts(
            near=neighbours(data.weights, self.neighbours, self.shrink),
            weights=data.weights,
            taste=_length_one((data.weights @ words).tocsr()),
            favourites=_favourites(data),
            words=words,
            listeners=listeners / max(listeners.max(initial=0.0), np.float32(1e-12)),
        )
        return replace(self, parts=parts)

    def scores(self, users: Ints) -> Floats:
        """Return the sum of the three parts, each by its weight."""
        parts = self._fitted()
        scores = self._by_neighbours(parts, users)
        scores += self._by_content(parts, users)
        popular = np.float32(self.popularity) * (parts.listeners + np.float32(_UNHEARD))
        scores += popular * (1 + np.float32(FITS_BY) * _fits(parts, users))
        return scores

    def strategies(self, row: Ints, column: Ints) -> Ints:
        """Return what speaks for each pair of user and track most, by its place in `STRATEGIES`."""
        parts = self._fitted()
        users, place = np.unique(row, return_inverse=True)
        near = self._by_neighbours(parts, users)[place, column]
        alike = self._by_content(parts, users)[place, column]
        is_content = (alike > 0) | _fits(parts, users)[place, column]
        by = np.where(is_content, METADATA, POPULARITY)
        strategies: Ints = np.where((near > 0) & (near >= alike), NEIGHBOURS, by)
        return strategies

    def _by_neighbours(self, parts: Parts, users: Ints) -> Floats:
        scores: Floats = (parts.weights[users] @ parts.near).toarray().astype(np.float32)
        return scores

    def _by_content(self, parts: Parts, users: Ints) -> Floats:
        scores: Floats = (parts.taste[users] @ parts.words.T).toarray()
        return np.float32(self.content) * scores.astype(np.float32)

    def of_users(self, users: Ints) -> Self:
        """Return the model that knows only these users."""
        parts = self._fitted()
        of_users = {
            name: getattr(parts, name)[users] for name in ("weights", "taste", "favourites")
        }
        return replace(self, parts=replace(parts, **of_users))

    def arrays(self) -> Arrays:
        """Return the settings and, once fitted, the parts."""
        arrays: Arrays = {name: np.array(getattr(self, name)) for name in _SETTINGS}
        if self.parts is None:
            return arrays
        for name in _MATRICES:
            arrays |= to_arrays(name, getattr(self.parts, name))
        return arrays | {"listeners": self.parts.listeners}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Return the model that `arrays()` came from."""
        settings: dict[str, Any] = {name: arrays[name].item() for name in _SETTINGS}
        if "listeners" not in arrays:
            return cls(**settings)
        matrices = {name: to_matrix(name, arrays) for name in _MATRICES}
        return cls(**settings, parts=Parts(**matrices, listeners=arrays["listeners"]))

    def _fitted(self) -> Parts:
        if self.parts is None:
            raise NotFitted(self.name)
        return self.parts


def _fits(parts: Parts, users: Ints) -> npt.NDArray[np.bool_]:
    """Return users x tracks: true where a genre of the track is one of the profile's."""
    fits: npt.NDArray[np.bool_] = (parts.favourites[users] @ parts.words.T).toarray() > 0
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
