"""The baseline that is always measured: what most people played lately, the same for everyone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ml.errors import NotFitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from ml.data.interactions import Floats, Interactions, Ints
    from ml.models.array_files import Arrays


@dataclass(frozen=True, slots=True, eq=False)
class Popularity:
    """Tracks by their number of listeners within the last days, where instants are known."""

    days: float = 30.0
    listeners: Floats | None = None

    @property
    def name(self) -> str:
        """`popularity`."""
        return "popularity"

    def fit(self, data: Interactions, seed: int) -> Self:  # noqa: ARG002 - nothing is drawn
        """Count the listeners; those of earlier days only break ties."""
        columns, tracks = data.plays.indices, data.shape[1]
        ever = np.bincount(columns, minlength=tracks).astype(np.float32)
        if data.last_played is None or not len(columns):
            return replace(self, listeners=ever)
        window = np.timedelta64(round(self.days * 86_400), "s")
        recent = columns[data.last_played > data.last_played.max() - window]
        lately = np.bincount(recent, minlength=tracks)
        tie = ever / (1 + max(1, data.shape[0]))
        return replace(self, listeners=(lately + tie).astype(np.float32))

    def scores(self, users: Ints) -> Floats:
        """Return the same row for each user."""
        if self.listeners is None:
            raise NotFitted(self.name)
        return np.tile(self.listeners, (len(users), 1))

    def of_users(self, users: Ints) -> Self:  # noqa: ARG002 - it knows of none
        """Return the same: it counts listeners, and knows nobody."""
        return self

    def arrays(self) -> Arrays:
        """Return the days and the count of each track."""
        if self.listeners is None:
            raise NotFitted(self.name)
        return {"days": np.array(self.days), "listeners": self.listeners}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Return the model that `arrays()` came from."""
        return cls(days=float(arrays["days"]), listeners=arrays["listeners"])
