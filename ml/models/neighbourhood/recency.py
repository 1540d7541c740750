"""Recency: a user's older plays say less of what is played next, where instants are known."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.sparse import csr_matrix

from ml.models.model import Model

if TYPE_CHECKING:
    from ml.data.interactions import Interactions

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True, eq=False)
class FromPlays(Model):
    """A model that scores by a user's plays and by what it learned of tracks, and nothing else."""

    @property
    @abstractmethod
    def weighted(self) -> bool:
        """Whether a play counts by its weight, or 1."""

    @property
    @abstractmethod
    def half_life(self) -> float:
        """The days in which a play loses half of its weight; 0: none is lost."""

    def with_plays(self, data: Interactions, half_life: float | None = None) -> Self:
        """Return the model that scores by the plays of these users; none: at its own half-life."""
        days = self.half_life if half_life is None else half_life
        played = data.pairs(weighted=self.weighted)
        own: dict[str, Any] = {"half_life": days, "played": faded(played, data, days)}
        return replace(self, **own)


def faded(played: csr_matrix, data: Interactions, half_life: float) -> csr_matrix:
    """Return the weights by age: half for each half-life between a play and the user's newest.

    Args:
        played: Users x tracks.
        data: When each pair was last played; where that is not known, nothing fades.
        half_life: In days; 0: nothing fades.

    """
    if not half_life or data.last_played is None or not data.plays.nnz:
        return played
    first, pairs = data.plays.indptr[:-1], np.diff(data.plays.indptr)
    newest = np.maximum.reduceat(data.last_played, first[pairs > 0])
    days = (np.repeat(newest, pairs[pairs > 0]) - data.last_played) / _DAY
    left = np.exp2(-days / half_life).astype(np.float32)
    lost = csr_matrix((left - 1, data.plays.indices, data.plays.indptr), data.shape)
    return (played + played.multiply(lost)).tocsr()
