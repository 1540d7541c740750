"""An experiment: its arms, the users who take part, and what is measured of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

KINDS = ("discover", "on_repeat", "release_radar", "mix", "rewind", "recommendations")
"""Lists that an experiment can be measured by; `popular` is the same for everybody."""


@dataclass(frozen=True, slots=True)
class Arm:
    """What some of the users get."""

    name: str
    share: float
    """Of the users who take part."""
    model_version: int | None = None
    """None, in the file alone: that of the champion when the experiment is started."""
    settings: Mapping[str, float] = field(default_factory=dict)
    """Settings of recommending that differ in this arm."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment as its file describes it; the first arm is the control."""

    name: str
    arms: tuple[Arm, ...]
    salt: str
    """Makes its assignment independent of any other's."""
    users: tuple[float, float] = (0.0, 1.0)
    """The part of all users who take part: experiments that run together have different ones."""
    kind: str = "discover"
    within_days: int = 7
    planned_gain: float = 0.1
    """What it is meant to find, as a share of what is listened to now."""
    start: date | None = None
    """The first day of its lists; none: the day on which it is started."""

    def overlaps(self, other: Experiment) -> bool:
        """Whether both want the same users."""
        return self.users[0] < other.users[1] and other.users[0] < self.users[1]


@dataclass(frozen=True, slots=True)
class StartedExperiment:
    """An experiment as it was when it was started: the file may say something else since."""

    experiment: Experiment
    started_at: datetime
    """The first instant of its batches, by the run's clock."""
    planned: float
    """The difference of rates that it is meant to find."""
    stopped_at: datetime | None = None
    reason: str | None = None

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.experiment.name

    @property
    def is_stopped(self) -> bool:
        """Whether it is over."""
        return self.stopped_at is not None

    def label(self, arm: Arm) -> str:
        """Return what batches, marts and answers call an arm."""
        return f"{self.name}/{arm.name}"
