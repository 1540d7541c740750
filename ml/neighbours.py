"""Which tracks are played by the same people: cosine of their listeners' weights."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, diags

_CHUNK = 2_000


def neighbours(weights: csr_matrix, number: int, shrink: float = 10.0) -> csr_matrix:
    """Return tracks x tracks: each row holds the track's nearest and their similarity.

    The cosine is damped by `shrink`, common listeners / (common listeners + shrink), for two tracks
    that one person played say little. No track is its own neighbour; one without a listener has
    none. Equal similarities go to the lower column, so that the answer is always the same.
    """
    tracks = weights.shape[1]
    length = np.sqrt(np.asarray(weights.power(2).sum(axis=0)).ravel())
    unit = (weights @ diags(1 / np.maximum(length, 1e-12))).tocsc().astype(np.float32)
    heard = (weights != 0).tocsc().astype(np.float32)
    by_user, heard_by_user = unit.tocsr(), heard.tocsr()
    rows = []
    for begin in range(0, tracks, _CHUNK):
        its = slice(begin, begin + _CHUNK)
        cosine = (unit[:, its].T @ by_user).tocsr()
        common = (heard[:, its].T @ heard_by_user).tocsr()
        cosine.sort_indices()
        common.sort_indices()
        cosine.data *= common.data / (common.data + shrink)
        rows.append(_nearest(cosine, number, begin))
    data, indices, sizes = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    return csr_matrix((data, indices, indptr), shape=(tracks, tracks))


def _nearest(
    similarity: csr_matrix, number: int, first: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keep each row's largest, itself left out; row 0 is track `first`."""
    data, indices, sizes = [], [], []
    for row in range(similarity.shape[0]):
        cells = slice(similarity.indptr[row], similarity.indptr[row + 1])
        near, which = similarity.data[cells], similarity.indices[cells]
        other = (which != first + row) & (near > 0)
        near, which = near[other], which[other]
        best = np.sort(np.lexsort((which, -near))[:number])
        data.append(near[best])
        indices.append(which[best])
        sizes.append(len(best))
    return np.concatenate(data), np.concatenate(indices), np.array(sizes)
