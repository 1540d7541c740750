"""Popularity: what most people played lately, the same for everyone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from ml.models.model import Model, learned

if TYPE_CHECKING:
    from ml.data.interactions import Floats, Interactions, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Popularity(Model):
    """Tracks by their number of listeners within the last days, where instants are known."""

    name: ClassVar[str] = "popularity"
    days: float = 30.0
    listeners: Floats = learned()

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
        self.require_fitted()
        return np.tile(self.listeners, (len(users), 1))
