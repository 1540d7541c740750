"""A trained model with its users' and tracks' ids: what is registered, evaluated and served.

It is one `.npz` of plain arrays with a hash over all of them. It answers for any users and tracks:
the baseline ranks for those that were not there in training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ml.data.interactions import places_of
from ml.errors import UnusableModel
from ml.models import array_files
from ml.models.baseline import MODEL, Baseline
from ml.models.model_types import model_type

if TYPE_CHECKING:
    from pathlib import Path

    from scipy.sparse import csr_matrix

    from ml.data.interactions import Floats, Ids, Interactions, Ints
    from ml.models.array_files import Arrays
    from ml.models.model import Model


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A model, and the users and tracks that its rows and columns are."""

    model: Model
    users: Ids
    tracks: Ids
    has_listened: Ints
    """Rows of the users with a listen or like in training: of others the model knows no taste."""

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    def arrays(self) -> Arrays:
        """Return all of it as arrays."""
        own: Arrays = {
            "kind": np.array(self.name),
            "users": self.users,
            "tracks": self.tracks,
            "has_listened": self.has_listened,
        }
        return own | {f"model.{name}": array for name, array in self.model.arrays().items()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Bundle:
        """Return the bundle that `arrays()` came from; raise `UnusableModel` if none did."""
        if missing := [
            one for one in ("kind", "users", "tracks", "has_listened") if one not in arrays
        ]:
            raise UnusableModel(f"it has no {', '.join(missing)}")
        own = {
            name.removeprefix("model."): array
            for name, array in arrays.items()
            if name.startswith("model.")
        }
        try:
            model = model_type(str(arrays["kind"])).from_arrays(own)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise UnusableModel(f"its arrays make no {arrays['kind']}: {error}") from error
        return cls(model, arrays["users"], arrays["tracks"], arrays["has_listened"])

    def without(self, user_id: int) -> Bundle:
        """Return the bundle that does not know one of its users."""
        others = self.users != user_id
        listened = self.has_listened[others[self.has_listened]]
        place = np.cumsum(others) - 1
        return Bundle(
            model=self.model.of_users(np.flatnonzero(others)),
            users=self.users[others],
            tracks=self.tracks,
            has_listened=place[listened].astype(self.has_listened.dtype),
        )

    def save(self, path: Path) -> str:
        """Write it and return its hash."""
        return array_files.save(self.arrays(), path)

    @classmethod
    def load(cls, path: Path, expected: str) -> Bundle:
        """Read it; raise `DamagedModel` unless its hash is the expected one."""
        return cls.from_arrays(array_files.load(path, expected))


def trained(model: Model, data: Interactions, seed: int) -> Bundle:
    """Train `model` and bundle it with the ids of `data`.

    Args:
        model: its hyper-parameters; what it learned before is not used.
        data: what it is fitted on.
        seed: of every draw.

    """
    has_listened = np.flatnonzero(np.diff(data.weights.indptr))
    return Bundle(model.fit(data, seed), data.users, data.tracks, has_listened)


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """A bundle's scores for the users and tracks of other data."""

    bundle: Bundle
    rows: Ints
    """Of each user, the row in the model; -1: not one that it knows the taste of."""
    columns: Ints
    """Of each track, the column in the model; -1: it was not there in training."""
    baseline: Baseline
    """Fitted on the other data: it ranks for users and tracks that the model does not know."""
    disliked: csr_matrix | None = None
    """Users x tracks: stored where a user only ever skipped a track; none: nowhere."""

    def scores(self, users: Ints) -> Floats:
        """Return users x tracks; minus infinity for tracks that the model does not know.

        What a user only ever skipped stands behind all other tracks.
        """
        scores = self._ranked(users)
        if self.disliked is None:
            return scores
        row, column = self.disliked[users].nonzero()
        some, place = np.unique(row, return_inverse=True)
        its = scores[some]
        lowest = np.min(its, axis=1, initial=np.inf, where=np.isfinite(its))
        highest = np.max(its, axis=1, initial=-np.inf, where=np.isfinite(its))
        behind = np.where(lowest <= highest, highest - lowest + 1, 0)
        scores[row, column] -= behind[place]
        return scores

    def _ranked(self, users: Ints) -> Floats:
        rows = self.rows[users]
        known = rows >= 0
        if known.all():
            return self._own(rows)
        if not known.any():
            return self.baseline.scores(users)
        scores = np.empty((len(users), len(self.columns)), np.float32)
        scores[known] = self._own(rows[known])
        scores[~known] = self.baseline.scores(users[~known])
        return scores

    def strategies(self, row: Ints, column: Ints) -> Ints:
        """Return what scored each pair, by its place in `STRATEGIES`."""
        made = np.full(len(row), MODEL)
        is_new = (self.rows[row] < 0) | (self.columns[column] < 0)
        if is_new.any():
            made[is_new] = self.baseline.strategies(row[is_new], column[is_new])
        return made

    def _own(self, rows: Ints) -> Floats:
        """Return the model's scores of its own users; most tracks keep their column."""
        own = self.bundle.model.scores(rows)
        if np.array_equal(self.columns, np.arange(own.shape[1])):
            return own
        there = self.columns >= 0
        wide = np.full((len(rows), len(self.columns)), -np.inf, np.float32)
        wide[:, there] = own[:, self.columns[there]]
        return wide


def align(bundle: Bundle, data: Interactions, baseline: Baseline | None = None) -> Aligned:
    """Make a bundle answer for the users and tracks of `data`.

    Args:
        bundle: A trained model, or a baseline: that is fitted on `data`, whatever it knew before.
        data: Whose users and tracks are to be ranked.
        baseline: One of default settings, fitted on `data`, for users and tracks that the model
            does not know; by default it is fitted here.

    Returns:
        What scores each user and track of `data`.

    """
    disliked = None if data.reactions is None else data.reactions.disliked(data.plays)
    if isinstance(bundle.model, Baseline):
        if baseline is None or baseline.settings() != bundle.model.settings():
            baseline = bundle.model.fit(data, seed=0)
        no_user, no_track = (np.full(number, -1) for number in data.shape)
        return Aligned(bundle, no_user, no_track, baseline, disliked)
    knows = np.isin(np.arange(len(bundle.users)), bundle.has_listened)
    rows = places_of(bundle.users, data.users)
    rows[rows >= 0] = np.where(knows[rows[rows >= 0]], rows[rows >= 0], -1)
    columns = places_of(bundle.tracks, data.tracks)
    return Aligned(bundle, rows, columns, baseline or Baseline().fit(data, seed=0), disliked)
