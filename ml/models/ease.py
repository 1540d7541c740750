"""EASE: the linear model of tracks by tracks whose best weights are known in closed form.

Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (WWW 2019).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.data.sparse import to_arrays, to_matrix
from ml.errors import NotFitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Floats, Interactions, Ints
    from ml.models.array_files import Arrays


@dataclass(frozen=True, slots=True, eq=False)
class Ease:
    """Scores are a user's weights times B = I - P / diag(P), P = (X'X + ridge I)^-1."""

    ridge: float = 200.0
    most: int = 8_000
    """Only so many tracks, the most played: cost grows with the cube, memory with the square."""
    graded: bool = True
    """Whether X holds the weights of the plays, or 1 for each pair."""
    columns: Ints | None = None
    between: Floats | None = None
    played: csr_matrix | None = None

    @property
    def name(self) -> str:
        """`ease`."""
        return "ease"

    def settings(self) -> dict[str, float]:
        """Return the hyper-parameters."""
        return {name: getattr(self, name) for name in ("ridge", "most", "graded")}

    def fit(self, data: Interactions, seed: int) -> Self:  # noqa: ARG002 - nothing is drawn
        """Invert the matrix of common listeners."""
        listeners = np.bincount(data.plays.indices, minlength=data.shape[1])
        columns = np.sort(np.argsort(-listeners, kind="stable")[: self.most])
        columns = columns[listeners[columns] > 0]
        played = data.weights if self.graded else data.plays > 0
        common = played[:, columns].astype(np.float32)
        between = _weights_between((common.T @ common).toarray(), self.ridge)
        return replace(
            self, columns=columns, between=between, played=played.astype(np.float32).tocsr()
        )

    def scores(self, users: Ints) -> Floats:
        """Return 0 for tracks outside the most played."""
        if self.columns is None or self.between is None or self.played is None:
            raise NotFitted(self.name)
        its = self.played[users][:, self.columns] @ self.between
        if len(self.columns) == self.played.shape[1]:
            return np.asarray(its, np.float32)
        scores = np.zeros((len(users), self.played.shape[1]), np.float32)
        scores[:, self.columns] = its
        return scores

    def of_users(self, users: Ints) -> Self:
        """Return the model that knows only these users."""
        if self.played is None:
            raise NotFitted(self.name)
        return replace(self, played=self.played[users])

    def arrays(self) -> Arrays:
        """Return the settings, the weights between tracks, and what each user played."""
        if self.columns is None or self.between is None or self.played is None:
            raise NotFitted(self.name)
        return {
            "ridge": np.array(self.ridge),
            "most": np.array(self.most),
            "graded": np.array(self.graded),
            "columns": self.columns,
            "between": self.between,
        } | to_arrays("played", self.played)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Return the model that `arrays()` came from."""
        return cls(
            ridge=float(arrays["ridge"]),
            most=int(arrays["most"]),
            graded=bool(arrays["graded"]),
            columns=arrays["columns"],
            between=arrays["between"],
            played=to_matrix("played", arrays),
        )


def _weights_between(gram: Floats, ridge: float) -> Floats:
    """Invert by Cholesky, on one thread: the same bits every time."""
    gram[np.diag_indices_from(gram)] += ridge
    with threadpool_limits(1, user_api="blas"):
        factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
        if not failed:
            inverse, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise np.linalg.LinAlgError(f"a ridge of {ridge} leaves the tracks' matrix singular")
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    between: Floats = -inverse / np.diag(inverse)
    between[np.diag_indices_from(between)] = 0
    return np.ascontiguousarray(between, np.float32)
