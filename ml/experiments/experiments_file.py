"""The file of experiments: TOML, a table for each."""

from __future__ import annotations

import tomllib
from datetime import date  # noqa: TC003 - pydantic reads it
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from ml.experiments.definition import KINDS, Arm, Experiment
from ml.experiments.errors import ExperimentsUnreadable, UnknownExperiment

if TYPE_CHECKING:
    from pathlib import Path

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
_Part = Annotated[float, Field(ge=0, le=1)]
_ROUNDING = 1e-6


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class _ArmAsked(_Asked):
    share: float = Field(gt=0, lt=1)
    model_version: int | None = Field(default=None, ge=1)
    per_artist: int | None = Field(default=None, ge=1)

    def arm(self, name: str) -> Arm:
        settings = self.model_dump(exclude={"share", "model_version"}, exclude_none=True)
        return Arm(name, self.share, self.model_version, settings)


class _ExperimentAsked(_Asked):
    arms: dict[_Name, _ArmAsked] = Field(min_length=2)
    users: tuple[_Part, _Part] = (0.0, 1.0)
    salt: str = ""
    kind: Literal[KINDS] = "discover"  # type: ignore[valid-type]
    within_days: Literal[1, 7, 28] = 7
    planned_gain: float = Field(default=0.1, gt=0, le=10)
    start: date | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = sum(arm.share for arm in self.arms.values())
        if abs(total - 1) > _ROUNDING:
            raise ValueError(f"the shares of the arms add to {total:g}, not to 1")
        if self.users[0] >= self.users[1]:
            raise ValueError("users = [from, until] must rise, within 0 and 1")
        return self

    def experiment(self, name: str) -> Experiment:
        return Experiment(
            name=name,
            arms=tuple(arm.arm(its) for its, arm in self.arms.items()),
            salt=self.salt or name,
            users=self.users,
            kind=self.kind,
            within_days=self.within_days,
            planned_gain=self.planned_gain,
            start=self.start,
        )


_FILE = TypeAdapter(dict[_Name, _ExperimentAsked])


def read_experiments(path: Path) -> dict[str, Experiment]:
    """Return the experiments that the file describes, by name; none without a file.

    Raises `ExperimentsUnreadable`, which says what is wrong and where.
    """
    if not path.exists():
        return {}
    try:
        asked = _FILE.validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"] if part != "[key]")
        why = f"{where}: {first['msg'].removeprefix('Value error, ')}"
        raise ExperimentsUnreadable(path, why) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExperimentsUnreadable(path, f"it is no TOML: {error}") from error
    except OSError as error:
        raise ExperimentsUnreadable(path, error.strerror or "it can't be read") from error
    return {name: one.experiment(name) for name, one in asked.items()}


def find_experiment(path: Path, name: str) -> Experiment:
    """Return one of the file's experiments; raise `UnknownExperiment` if it has no such."""
    known = read_experiments(path)
    if name not in known:
        raise UnknownExperiment(name, path, sorted(known))
    return known[name]
