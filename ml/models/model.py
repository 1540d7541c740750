"""The base of all models: hyper-parameters, learned arrays, and their form in a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.sparse import issparse

from ml.errors import NotFitted
from ml.models.array_files import from_matrix, to_matrix

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import Field

    import numpy.typing as npt

    from ml.data.interactions import Floats, Interactions, Ints
    from ml.models.array_files import Arrays


def setting(default: Any, stored: str) -> Any:  # noqa: ANN401 - a field of any type
    """Declare a hyper-parameter that files call by another name: models of any version load."""
    return field(default=default, metadata={"stored": stored})


def learned(*, by_user: bool = False) -> Any:  # noqa: ANN401 - a field of any type
    """Declare an array or sparse matrix that `fit` finds; by user: it has a row for each."""
    return field(default=None, metadata={"learned": True, "by_user": by_user})


@dataclass(frozen=True, slots=True, eq=False)
class Model(ABC):
    """Hyper-parameters, and after `fit` what they learned. Models are values: none changes."""

    name: ClassVar[str]
    """In tables, files and the registry."""
    is_fitted_on_use: ClassVar[bool] = False
    """Whether a file may hold the hyper-parameters alone, to be fitted on the data of that time."""

    @abstractmethod
    def fit(self, data: Interactions, seed: int) -> Self:
        """Return the model trained on `data`; equal data and seed give equal arrays."""

    @abstractmethod
    def scores(self, users: Ints) -> Floats:
        """Return rows of `data.users` x all tracks: the higher, the sooner to be played.

        Takes 4 bytes a cell: ask for users in chunks. Raises `NotFitted` before `fit`.
        """

    def work(self, data: Interactions) -> float:  # noqa: ARG002 - by default nothing to speak of
        """Return about how many seconds `fit` takes on a reference core: computed, not measured."""
        return 0.0

    def settings(self) -> dict[str, float]:
        """Return the hyper-parameters."""
        return {one.name: getattr(self, one.name) for one in _settings(self)}

    @property
    def is_fitted(self) -> bool:
        """Whether `fit` made this model."""
        return all(getattr(self, one.name) is not None for one in _learned(self))

    def require_fitted(self) -> None:
        """Raise `NotFitted` unless `fit` made this model."""
        if not self.is_fitted:
            raise NotFitted(self.name)

    def of_users(self, users: Ints) -> Self:
        """Return the model that knows these rows of users, in this order, and no others."""
        self.require_fitted()
        by_user = [one.name for one in _learned(self) if one.metadata["by_user"]]
        return replace(self, **{name: getattr(self, name)[users] for name in by_user})

    def arrays(self) -> Arrays:
        """Return all it is made of, hyper-parameters too."""
        arrays = {_stored(one): np.array(getattr(self, one.name)) for one in _settings(self)}
        if self.is_fitted_on_use and not self.is_fitted:
            return arrays
        self.require_fitted()
        for one in _learned(self):
            value = getattr(self, one.name)
            arrays |= from_matrix(one.name, value) if issparse(value) else {one.name: value}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Return the model that `arrays()` came from; raise `KeyError` where one is missing."""
        stored = {one.name: arrays.get(_stored(one)) for one in _settings(cls)}
        # One that an earlier version did not have is at its default: what that version did.
        values = {name: value.item() for name, value in stored.items() if value is not None}
        if cls.is_fitted_on_use and len(arrays) == len(values):
            return cls(**values)
        for one in _learned(cls):
            is_sparse = f"{one.name}.indptr" in arrays
            values[one.name] = to_matrix(one.name, arrays) if is_sparse else arrays[one.name]
        return cls(**values)


def _settings(model: Model | type[Model]) -> list[Field[Any]]:
    return [one for one in fields(model) if "learned" not in one.metadata]


def _learned(model: Model | type[Model]) -> list[Field[Any]]:
    return [one for one in fields(model) if "learned" in one.metadata]


def _stored(one: Field[Any]) -> str:
    return str(one.metadata.get("stored", one.name))
