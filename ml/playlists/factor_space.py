"""The space of tracks: what is near is played by the same people, or is of a kind.

It is made of what a fitted baseline knows, so there is one for each kind of champion: the
neighbours by common listeners, and metadata, which alone places a track without a listener.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix, hstack, identity
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.playlists.selection import capped

if TYPE_CHECKING:
    from ml.data.interactions import Floats, Ints
    from ml.models.baseline import Baseline

DIMENSIONS, _ITERATIONS = 32, 5
METADATA_SHARE = 0.5
"""Length of a track's metadata, where its neighbours have length 1."""
TRACKS_PER_CLUSTER, MOST_CLUSTERS = 100, 48
_MOVES = 12
_ROWS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """Tracks by their factors, and the clusters that they fall into."""

    factors: Floats
    """Tracks x dimensions, rows of length 1; 0 where nothing is known of a track."""
    cluster: Ints
    """Of each track."""
    pools: tuple[Ints, ...]
    """Of each cluster, the tracks that a mix of it may hold: its own, and more if it is small."""


def space_of(baseline: Baseline, artists: Ints, k: int, per_artist: int) -> Space:
    """Place all tracks, and cluster them; equal data give the same space, bit for bit.

    Args:
        baseline: Fitted on the data.
        artists: Of each track, the number of its artist.
        k: Tracks that a pool must be good for.
        per_artist: Tracks of an artist at most among them.

    Returns:
        The space.

    """
    with threadpool_limits(1, user_api="blas"):
        factors = _factors(baseline)
        centres = _centres(factors, np.sqrt(baseline.listeners) + np.float32(1e-3))
        cluster = _nearest(factors, centres)
        pools = tuple(
            _pool(factors @ centre, np.flatnonzero(cluster == number), artists, k, per_artist)
            for number, centre in enumerate(centres)
        )
    return Space(factors, cluster, pools)


def _factors(baseline: Baseline) -> Floats:
    """Return the leading factors of tracks x (neighbours, metadata), by subspace iteration."""
    tracks = baseline.near.shape[0]
    near = _of_length_one((baseline.near + baseline.near.T + identity(tracks, np.float32)).tocsr())
    sides = hstack([near, METADATA_SHARE * baseline.words]).tocsr().astype(np.float32)
    dimensions = min(DIMENSIONS, tracks)
    if not dimensions:
        return np.zeros((0, 0), np.float32)
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((tracks, dimensions), np.float32)
    for _ in range(_ITERATIONS):
        basis = np.linalg.qr(sides @ (sides.T @ basis))[0]
    across = sides.T @ basis
    values, vectors = np.linalg.eigh(across.T @ across)
    factors = (basis @ vectors) * np.sqrt(np.maximum(values, 0))
    return _unit(factors.astype(np.float32))


def _centres(factors: Floats, weights: Floats) -> Floats:
    """Return the centres of the clusters (spherical k-means)."""
    tracks = len(factors)
    number = min(MOST_CLUSTERS, -(-tracks // TRACKS_PER_CLUSTER))
    if not number:
        return np.zeros((0, factors.shape[1]), np.float32)
    # Always the heaviest of those that are far: a draw would give other clusters every day.
    chosen = [int(np.argmax(weights))]
    near = factors @ factors[chosen[0]]
    while len(chosen) < number:
        chosen.append(int(np.argmax(weights * np.maximum(1 - near, 0) ** 2)))
        near = np.maximum(near, factors @ factors[chosen[-1]])
    centres = factors[chosen]
    for _ in range(_MOVES):
        cluster = _nearest(factors, centres)
        cells = (weights, (cluster, np.arange(tracks)))
        moved = _unit(np.asarray(csr_matrix(cells, shape=(number, tracks)) @ factors, np.float32))
        centres = np.where(moved.any(axis=1, keepdims=True), moved, centres)
    return centres


def _nearest(factors: Floats, centres: Floats) -> Ints:
    parts = [
        np.argmax(factors[begin : begin + _ROWS] @ centres.T, axis=1)
        for begin in range(0, len(factors), _ROWS)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _pool(near: Floats, members: Ints, artists: Ints, k: int, per_artist: int) -> Ints:
    """Add the nearest other tracks to a cluster's own where these fill no playlist."""
    if _longest(artists[members], per_artist) >= k:
        return members
    order = np.argsort(-near, kind="stable")
    sequence = np.concatenate([members, order[~np.isin(order, members)]])
    filled = capped(sequence[None, :], artists, k, per_artist)[0]
    return np.union1d(members, filled[filled >= 0])


def _longest(artists: Ints, per_artist: int) -> int:
    """Return how long a playlist of these tracks can be."""
    return int(np.minimum(np.unique(artists, return_counts=True)[1], per_artist).sum())


def _of_length_one(matrix: csr_matrix) -> csr_matrix:
    squares = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()
    matrix.data = matrix.data / np.repeat(np.sqrt(squares), np.diff(matrix.indptr))
    return matrix


def _unit(rows: Floats) -> Floats:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 1e-6, length, np.inf)).astype(np.float32)
