"""Refusals of a program's question, each with what would be right."""

from orchestration.run.errors import OrchestrationError


class QuestionRefused(OrchestrationError):
    """A question of a program can't be answered within its limits."""

    runbook = "query-failed"
