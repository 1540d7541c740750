"""Features that LightFM learns factors for: identities, metadata and neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix, diags, hstack

from ml.models.neighbourhood.neighbours import neighbours

if TYPE_CHECKING:
    from ml.data.interactions import Features, Interactions


def user_side(data: Interactions, *, averaged: bool) -> csr_matrix:
    """Return users x features; a row is empty where nothing is known."""
    pairs = np.diff(data.weights.indptr)
    return _beside(_identity(pairs > 0), data.user_features, averaged)


def track_side(data: Interactions, number: int, *, averaged: bool) -> csr_matrix:
    """Return tracks x features; a track takes part in the identity of `number` neighbours.

    Args:
        data: The training interactions.
        number: How many neighbours.
        averaged: Whether features are averaged, not summed.

    """
    listeners = np.bincount(data.weights.indices, minlength=data.shape[1])
    identity = _identity(listeners > 0)
    if number:
        near = neighbours(data.weights, number, shrink=0.0)
        near.data[:] = 1
        identity = identity + near
    return _beside(identity, data.track_features, averaged)


def _beside(identity: csr_matrix, features: Features | None, averaged: bool) -> csr_matrix:
    """Set identities and metadata side by side; averaged, each row sums to 1."""
    side = identity if features is None else hstack([identity, features.matrix])
    if not averaged:
        return side.tocsr().astype(np.float32)
    size = np.asarray(side.sum(axis=1)).ravel()
    return (diags(1 / np.maximum(size, 1e-9)) @ side).tocsr().astype(np.float32)


def _identity(is_known: np.ndarray) -> csr_matrix:
    """The identity of what was never played was never learned: a cold row has none."""
    identity = diags(is_known.astype(np.float32)).tocsr()
    identity.eliminate_zeros()
    return identity
