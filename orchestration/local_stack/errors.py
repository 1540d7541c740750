"""Errors of the local stack; each message is one clear line."""

from pathlib import Path

from orchestration.run.errors import OrchestrationError


class StackPortTaken(OrchestrationError):
    """Another process listens where a server of the stack should."""

    runbook = "airflow-down"

    def __init__(self, name: str, port: int) -> None:
        super().__init__(
            f"port {port} for {name} is taken: stop what listens there, set "
            f"MOOVITAMIX_STACK_{name.upper()}_PORT, or use --free-ports"
        )


class StackRuns(OrchestrationError):
    """Another stack works in the same data folder."""

    runbook = "airflow-down"

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"another stack runs in {folder}: end it with Ctrl-C, or set MOOVITAMIX_DATA_DIR"
        )


class ServiceEnded(OrchestrationError):
    """A service ended again and again although it should run on."""

    runbook = "airflow-down"

    def __init__(self, name: str, message: str, log: Path) -> None:
        super().__init__(f"{name} ended: {message or 'without a message'} (all of it in {log})")


class NotHealthy(OrchestrationError):
    """A service did not become healthy in time."""

    runbook = "airflow-down"

    def __init__(self, name: str, why: str, log: Path) -> None:
        super().__init__(f"{name} is not healthy: {why} (its log is {log})")


class NoDatabase(OrchestrationError):
    """There is no PostgreSQL to work with."""

    runbook = "airflow-down"


class SupervisorKilled(OrchestrationError):
    """The supervisor of the services was killed."""

    runbook = "airflow-down"
