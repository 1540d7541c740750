"""What every model can do, and how one is written to a file without pickle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ml.data.interactions import Floats, Interactions, Ints

Arrays = dict[str, npt.NDArray[Any]]


class Model(Protocol):
    """Hyper-parameters, and after `fit` what they learned. Models are values: none changes."""

    @property
    def name(self) -> str:
        """How tables and registries call it."""
        ...

    def fit(self, data: Interactions, seed: int) -> Self:
        """Return the model trained on `data`; equal data and seed give equal arrays."""
        ...

    def scores(self, users: Ints) -> Floats:
        """Return rows of `data.users` x all tracks: the higher, the sooner to be played.

        Takes 4 bytes a cell: ask for users in chunks.
        """
        ...

    def of_users(self, users: Ints) -> Self:
        """Return the model that knows these rows of users, in this order, and no others."""
        ...

    def arrays(self) -> Arrays:
        """Return all it is made of, hyper-parameters too."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Return the model that `arrays()` came from."""
        ...
