"""Arrays of a model in one `.npz` file, without pickle, and their hash."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from ml.errors import DamagedModel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Arrays = dict[str, npt.NDArray[Any]]


def digest(arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """Return the SHA-256 of names, types, shapes and bytes: the model's hash."""
    sha = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        sha.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()


def save(arrays: Mapping[str, npt.NDArray[Any]], path: Path) -> str:
    """Write one `.npz` and return its arrays' hash."""
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"{name} holds Python objects, which only pickle could write")
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # its other parameter is a bool
    return digest(arrays)


def load(path: Path, expected: str | None = None) -> Arrays:
    """Read an `.npz`, never unpickling; with an expected hash, nothing else passes."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DamagedModel(path, str(error) or type(error).__name__) from error
    if expected is not None and (found := digest(arrays)) != expected:
        raise DamagedModel(path, f"its hash is {found[:12]}…, not {expected[:12]}…")
    return arrays


def from_matrix(name: str, matrix: csr_matrix) -> Arrays:
    """Return the parts of a sparse matrix, each under `name.`."""
    return {
        f"{name}.data": matrix.data,
        f"{name}.indices": matrix.indices.astype(np.int32),
        f"{name}.indptr": matrix.indptr.astype(np.int64),
        f"{name}.shape": np.array(matrix.shape),
    }


def to_matrix(name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> csr_matrix:
    """Return the matrix that `from_matrix` took apart."""
    data, indices, indptr, shape = (
        arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr", "shape")
    )
    return csr_matrix((data, indices, indptr), shape=tuple(shape))
