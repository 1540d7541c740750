"""Nearest tracks by co-occurrence: the cosine of their listeners' weights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

if TYPE_CHECKING:
    from collections.abc import Callable

_CELLS = 20_000_000  # tracks x tracks at a time: 320 MB where each two have common listeners
_THREADS = 2  # rows do not depend on each other, so the bits are the same on any machine


def neighbours(weights: csr_matrix, number: int, shrink: float = 10.0) -> csr_matrix:
    """Return tracks x tracks: each row holds the track's nearest and their similarity.

    The cosine is damped by `shrink`, common listeners / (common listeners + shrink), for two tracks
    that one person played mean little. No track is its own neighbour; one without a listener has
    none. Equal similarities go to the lower column, so that the answer is always the same.

    Args:
        weights: users x tracks.
        number: of neighbours that a track has at most.
        shrink: how strongly similarities by few common listeners are damped; 0: not.

    """
    by_user = _of_length_one(weights)
    by_track = by_user.tocsc()
    ones = np.ones(by_user.nnz, np.float32)
    heard_by_user = csr_matrix((ones, by_user.indices, by_user.indptr), by_user.shape)
    heard_by_track = csc_matrix((ones, by_track.indices, by_track.indptr), by_track.shape)

    def similar(its: slice) -> csr_matrix:
        similarity = by_track[:, its].T @ by_user
        if shrink:
            # The factors store the same cells in the same order, so these two products do too.
            common = (heard_by_track[:, its].T @ heard_by_user).data
            similarity.data *= common / (common + shrink)
        return similarity

    return nearest(similar, weights.shape[1], number)


def nearest(similar: Callable[[slice], csr_matrix], tracks: int, number: int) -> csr_matrix:
    """Return tracks x tracks: the largest positive similarities of each row, without itself.

    Args:
        similar: returns some rows of all similarities; they are asked for chunk by chunk.
        tracks: number of rows and of columns.
        number: of cells that a row keeps at most.

    """
    if not tracks:
        return csr_matrix((0, 0), dtype=np.float32)
    size = max(1, min(_CELLS // tracks, tracks) // _THREADS)

    def of(begin: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return _nearest(similar(slice(begin, begin + size)), number, begin)

    with ThreadPoolExecutor(_THREADS) as pool:
        rows = list(pool.map(of, range(0, tracks, size)))
    data, indices, sizes = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    return csr_matrix((data, indices, indptr), shape=(tracks, tracks))


def _of_length_one(weights: csr_matrix) -> csr_matrix:
    """Return the same cells, each column scaled to length 1."""
    squares = np.bincount(weights.indices, np.square(weights.data), weights.shape[1])
    length = np.maximum(np.sqrt(squares), 1e-12).astype(np.float32)
    scaled = weights.data.astype(np.float32) / length[weights.indices]
    return csr_matrix((scaled, weights.indices, weights.indptr), weights.shape)


def _nearest(
    similarity: csr_matrix, number: int, first: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keep the largest values of each row without the diagonal; row 0 is track `first`."""
    data, indices, sizes = [], [], []
    for row in range(similarity.shape[0]):
        cells = slice(similarity.indptr[row], similarity.indptr[row + 1])
        near, which = similarity.data[cells], similarity.indices[cells]
        other = (which != first + row) & (near > 0)
        near, which = near[other], which[other]
        if len(near) > number:  # sorting all would take longer than the products
            may_be = near >= np.partition(near, -number)[-number]
            near, which = near[may_be], which[may_be]
        best = np.lexsort((which, -near))[:number]
        best = best[np.argsort(which[best])]
        data.append(near[best])
        indices.append(which[best])
        sizes.append(len(best))
    return np.concatenate(data), np.concatenate(indices), np.array(sizes)
