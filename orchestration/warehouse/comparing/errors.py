"""Errors of comparing two states of the marts."""

from orchestration.run.errors import OrchestrationError


class NotComparable(OrchestrationError):
    """A state of the marts isn't there, or can't be read now."""

    runbook = "query-failed"

    def __init__(self, what: object, why: str) -> None:
        super().__init__(f"{what} can't be compared: {why}")
