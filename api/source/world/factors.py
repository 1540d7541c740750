"""Latent factors of users, artists and tracks, and the share of each genre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from api.source.world.parameters import GENRES

if TYPE_CHECKING:
    from api.source.world.parameters import Parameters

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Factors = npt.NDArray[np.float32]

DIMENSIONS = 8
LIKE_THE_ARTIST = 0.8
"""Cosine, before noise, between a track's factors and its artist's."""


def genre_shares(parameters: Parameters) -> Floats:
    """Share of each genre in the catalogue."""
    return parameters.rng("genres").dirichlet(np.full(len(GENRES), 5.0))


def directions(rng: np.random.Generator, number: int) -> Factors:
    """Draw vectors evenly over the sphere."""
    return _on_sphere(rng.standard_normal((number, DIMENSIONS)))


def _on_sphere(vectors: Floats) -> Factors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Factors = (2**0.5 * vectors / lengths).astype(np.float32)
    return scaled


def near(rng: np.random.Generator, centres: Factors) -> Factors:
    """Draw vectors of the sphere near the given ones."""
    spread = (1 - LIKE_THE_ARTIST**2) ** 0.5
    drawn = LIKE_THE_ARTIST * centres + spread * directions(rng, len(centres))
    return _on_sphere(drawn)
