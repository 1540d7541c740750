"""The model of taste: latent factors per user and track inside genres, and popularity.

P(track | user) = affinity of the user to the track's genre
                  x popularity(track) exp(SHARPNESS <user, track>), normalised over the genre's
                  released tracks.

`affinity` is a Dirichlet draw over the genres, mixed with what is played everywhere; the factors
are directions in `DIMENSIONS` dimensions, of length sqrt(2): the exponent has a standard deviation
of 0.85 over the tracks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from api.source.world.factors import Factors, Floats, Ints, directions, genre_shares, near
from api.source.world.parameters import GENRES, Parameters, microseconds
from api.source.world.store import Store, read_tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from api.source.world.catalogue import Releases

SHARPNESS = np.float32(1.2)
CLOSEST = 2 * SHARPNESS
CONCENTRATION = 0.3
"""Of the Dirichlet: most users like two or three genres."""
EVERYBODY = 0.4
"""Share of a user's draws that follow the genres' common shares.

With less, the most active exhaust their few genres: at 0 repeats are over half of the listens,
where real logs have 25 to 45 %.
"""
POPULARITY_EXPONENT = 0.75
ACTIVITY_LOG_SD = 1.5
MOST_ACTIVE_Z = 2.5
"""Activity ends there (42 times the median): beyond it a day would not hold the listening."""


def make_listeners(parameters: Parameters, block: int, created_at: Ints) -> pa.Table:
    """Draw the tastes and activities of the users who sign up in a block.

    Args:
        parameters: What the world is drawn from.
        block: The number of the block of time.
        created_at: Instants of signing up, in microseconds of the epoch.

    """
    first, stop = parameters.user_ids(block)
    rng = parameters.rng("listeners", block)
    own = rng.dirichlet(np.full(len(GENRES), CONCENTRATION), stop - first)
    affinity = (1 - EVERYBODY) * own + EVERYBODY * genre_shares(parameters)
    z = np.minimum(rng.standard_normal(stop - first), MOST_ACTIVE_Z)
    return pa.table(
        {
            "id": pa.array(np.arange(first, stop)),
            "affinity": _lists(affinity.astype(np.float32)),
            "factors": _lists(directions(rng, stop - first)),
            "activity": np.exp(ACTIVITY_LOG_SD * z - ACTIVITY_LOG_SD**2 / 2),
            "created_at": pa.array(created_at, pa.timestamp("us")),
        }
    )


def make_appeal(parameters: Parameters, block: int, releases: Releases) -> pa.Table:
    """Draw the factors and popularity of the tracks that are released in a block.

    Args:
        parameters: What the world is drawn from.
        block: The number of the block of time.
        releases: The releases of the block.

    """
    first, stop = parameters.track_ids(block)
    rng = parameters.rng("appeal", block)
    rank = 1 + parameters.tracks * rng.random(stop - first)
    return pa.table(
        {
            "id": pa.array(np.arange(first, stop)),
            "genre": pa.array(releases.genre),
            "popularity": rank**-POPULARITY_EXPONENT,
            "factors": _lists(near(rng, releases.artist_factors)),
            "seconds": pa.array(releases.seconds),
            "released_at": pa.array(releases.at, pa.timestamp("us")),
        }
    )


@dataclass(frozen=True, slots=True)
class Taste:
    """The model as arrays: row i is user, or track, i + 1."""

    affinity: Factors
    user_factors: Factors
    activity: Floats
    signed_up: Ints
    genre: Ints
    popularity: Floats
    track_factors: Factors
    seconds: Ints
    released: Ints

    @classmethod
    def read(cls, folder: Path, blocks: int | None = None) -> Taste:
        """Read the exported model from a world's folder: all of it, or its first blocks."""
        store = Store(folder)
        have = len(list((folder / "model").glob("users-*.parquet"))) if blocks is None else blocks
        users = read_tables([store.model("users", block) for block in range(have)])
        tracks = read_tables([store.model("tracks", block) for block in range(have)])
        return cls(
            affinity=_matrix(users["affinity"]),
            user_factors=_matrix(users["factors"]),
            activity=users["activity"].to_numpy(),
            signed_up=users["created_at"].cast(pa.int64()).to_numpy(),
            genre=tracks["genre"].to_numpy(),
            popularity=tracks["popularity"].to_numpy(),
            track_factors=_matrix(tracks["factors"]),
            seconds=tracks["seconds"].to_numpy(),
            released=tracks["released_at"].cast(pa.int64()).to_numpy(),
        )


def closeness(user_factors: Factors, track_factors: Factors) -> Factors:
    """Exponent of the taste for each pair of rows: at most `CLOSEST`."""
    product: Factors = np.einsum("...d,...d->...", user_factors, track_factors)
    return SHARPNESS * product


def listen_probability(taste: Taste, users: Sequence[int] | Ints, at: datetime) -> Floats:
    """P(track | user): one row per user id, one column per track (id 1 first), rows sum to 1.

    It is the chance that a play started at `at` that repeats no other is of that track; tracks
    released later have none. Takes 8 bytes per cell: ask for users in chunks.

    Args:
        taste: The model of who likes what.
        users: User ids.
        at: The instant of the play.

    """
    rows = np.asarray(users, dtype=np.int64) - 1
    exponents = closeness(taste.user_factors[rows, None], taste.track_factors[None])
    weights = taste.popularity * np.exp(exponents.astype(np.float64))
    weights[:, taste.released > microseconds(at)] = 0
    probability = np.zeros_like(weights)
    for genre in range(len(GENRES)):
        its = taste.genre == genre
        total = weights[:, its].sum(axis=1, keepdims=True)
        share = np.divide(
            weights[:, its], total, out=np.zeros_like(weights[:, its]), where=total > 0
        )
        probability[:, its] = taste.affinity[rows, genre, None] * share
    return probability


def _lists(matrix: Factors) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])


def _matrix(column: pa.ChunkedArray) -> Factors:
    values = column.combine_chunks()
    flat: Factors = values.flatten().to_numpy()
    return flat.reshape(len(values), -1)
