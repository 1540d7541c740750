"""Events of a run for its subscribers: it started, it failed, a step warned."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from orchestration.run.runs import Run


class Subscriber(Protocol):
    """A subscriber to the events of a run; it never raises."""

    def run_started(self, run: "Run") -> None:
        """A run holds the lock and starts."""
        ...

    def step_warned(self, run: "Run", step: str, warnings: Sequence[str]) -> None:
        """A step warned and went on.

        Args:
            run: The run that asks: its settings, lock and console.
            step: The step.
            warnings: What it warned of, a line each.

        """
        ...

    def run_failed(self, run: "Run", error: Exception) -> None:
        """An error ended the run."""
        ...
