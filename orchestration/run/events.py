"""Events of a run for its subscribers: it started, it failed, a step warned."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from orchestration.run.runs import Run


class Subscriber(Protocol):
    """Who is called at each event of a run. A subscriber never raises."""

    def run_started(self, run: "Run") -> None:
        """Take note that a run holds the lock and begins."""
        ...

    def step_warned(self, run: "Run", step: str, warnings: Sequence[str]) -> None:
        """Take note of what is odd although the step went on."""
        ...

    def run_failed(self, run: "Run", error: Exception) -> None:
        """Take note of the error that ended the run."""
        ...
