"""Sparse matrices as plain arrays, for a model's file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from ml.models.array_files import Arrays


def to_arrays(name: str, matrix: csr_matrix) -> Arrays:
    """Return a matrix's parts, each under `name.`."""
    return {
        f"{name}.data": matrix.data,
        f"{name}.indices": matrix.indices.astype(np.int32),
        f"{name}.indptr": matrix.indptr.astype(np.int64),
        f"{name}.shape": np.array(matrix.shape),
    }


def to_matrix(name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> csr_matrix:
    """Return the matrix that `to_arrays` took apart."""
    data, indices, indptr, shape = (
        arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr", "shape")
    )
    return csr_matrix((data, indices, indptr), shape=tuple(shape))
