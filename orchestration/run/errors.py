"""Errors of a run; each message is one clear line."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lake.errors import MoovitamixError


class OrchestrationError(MoovitamixError):
    """Parent of every error that a person can act on: shown as one line, without a traceback."""


class SettingsWrong(OrchestrationError):
    """Settings have values that can't be used; the message says of each what would be right."""

    runbook = "settings-wrong"


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of the writer lock: its process, its command and its start (UTC)."""

    pid: int
    command: str
    since: datetime

    def __str__(self) -> str:
        since = f"{self.since:%Y-%m-%d %H:%M:%S} UTC"
        return f"`moovitamix {self.command}` (pid {self.pid}, since {since})"


class WarehouseBusy(OrchestrationError):
    """Another process holds the writer lock."""

    retryable = True
    runbook = "warehouse-busy"

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        super().__init__(f"the warehouse is being written by {holder}; --wait SECONDS waits for it")


class SparkMissing(OrchestrationError):
    """Spark was asked for, and is not there."""

    runbook = "build-failed"

    def __init__(self, lack: str) -> None:
        super().__init__(f"this machine cannot build on Spark: {lack}")


class LakehouseMissing(OrchestrationError):
    """Publications are to be shared through a lakehouse, and DuckDB cannot reach one."""

    runbook = "lakehouse"

    def __init__(self, package: str) -> None:
        super().__init__(f"{package} is not installed; `make setup-lakehouse` does it")


class LakehouseUnreachable(OrchestrationError):
    """The lakehouse could not be brought to what is published, which stands in its file."""

    runbook = "lakehouse"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the lakehouse is not up to date: {why}; `moovitamix publish` tries again"
        )


class HandoverIncomplete(OrchestrationError):
    """Spark's files do not hold the rows that its build counted."""

    runbook = "build-failed"

    def __init__(self, table: str, copied: int, built: int) -> None:
        super().__init__(
            f"{table}: {copied:,} rows were copied of {built:,} that Spark built; "
            "nothing is published; run `moovitamix build` again"
        )


class BuildFileInUse(OrchestrationError):
    """Something that does not know the writer lock (an open shell) holds the build file."""

    retryable = True
    runbook = "build-file-in-use"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} can't be opened, close what has it open: {reason}")


class BuildFileMisplaced(OrchestrationError):
    """A folder stands where the build file belongs."""

    runbook = "build-file-in-use"

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is a folder, and the build file belongs there: move it away")


class NotValidated(OrchestrationError):
    """The build file did not pass a whole build, so readers must not get it."""

    runbook = "not-validated"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is not published: {why}; run `moovitamix build` first")


class NotErased(OrchestrationError):
    """A file that names, or may name, a person to erase can't be rewritten."""

    runbook = "forgetting"

    def __init__(self, path: Path, why: str = "their address is in it") -> None:
        super().__init__(f"{path} may hold the person ({why}); remove it, then forget once more")


class UnknownUser(OrchestrationError):
    """An id that no record has: more likely mistyped than a person's."""

    runbook = "forgetting"

    def __init__(self, user_id: int) -> None:
        super().__init__(
            f"no record has the user id {user_id}, so nothing was done; --unknown puts it on record"
            " all the same, and later records of it are dropped"
        )


class QueryFailed(OrchestrationError):
    """DuckDB refused a query."""

    runbook = "query-failed"


class AddressTaken(OrchestrationError):
    """Another program listens where the pages should."""

    runbook = "airflow-down"

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(f"{host}, port {port}: {why}; choose another with --port, 0 for any free")


class MetricUnknown(QueryFailed):
    """No metric has such a name."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"there is no metric {name!r}; there are {', '.join(known)}")


class TooManyRows(QueryFailed):
    """A query of a page returned its rows instead of an aggregate."""

    def __init__(self, most: int) -> None:
        super().__init__(f"a page may read {most:,} rows: aggregate in SQL, or add a limit")


class DimensionUnknown(QueryFailed):
    """A metric can't be grouped or filtered by something."""

    def __init__(self, metric: str, name: str, known: list[str]) -> None:
        super().__init__(f"{metric} has no dimension {name!r}; it has {', '.join(known)}")


@dataclass(frozen=True, slots=True)
class Failure:
    """A test that failed: by which rule, and the table of what it found in the build file."""

    name: str
    rule: str
    found_in: str | None = None


class BuildFailed(OrchestrationError):
    """dbt ended with failures; the published file stays as it was."""

    runbook = "build-failed"

    def __init__(self, message: str, failures: tuple[Failure, ...] = ()) -> None:
        self.failures = failures
        super().__init__(message)


class SourceStale(OrchestrationError):
    """The newest load or event is older than it may be; the published file stays as it was."""

    runbook = "source-stale"


class NothingMonitored(OrchestrationError):
    """There are no monitoring marts to report of yet."""

    runbook = "monitoring-failed"

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is missing; a run makes it, or `moovitamix monitor`")


class GraphOutdated(OrchestrationError):
    """The dbt project changed since its graph was made for the scheduler."""

    runbook = "graph-outdated"

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not of the present dbt project; `moovitamix graph` makes it")


class RunCrashed(OrchestrationError):
    """A run has started and not ended, while the writer lock is free."""

    runbook = "run-crashed"

    def __init__(self, began_at: datetime) -> None:
        super().__init__(
            f"it began {began_at:%Y-%m-%d %H:%M:%S} UTC and never ended: killed, most likely"
        )


class TaskKilled(OrchestrationError):
    """A scheduler's task ended without a word: killed from outside, with its machine or by it."""

    runbook = "run-crashed"

    def __init__(self, dag: str, task: str) -> None:
        super().__init__(f"{task} of {dag} ended without a word: killed, most likely")


class RunLate(OrchestrationError):
    """A scheduler's run has not ended in time; it goes on."""

    runbook = "run-late"

    def __init__(self, dag: str, minutes: int) -> None:
        super().__init__(f"{dag} has not ended {minutes} minutes after it was to begin")


class AlertFailed(OrchestrationError):
    """An alert could not be sent through every channel that is set up."""

    runbook = "alert-failed"


class ServingDied(OrchestrationError):
    """The server that was to be checked ended before it answered."""

    runbook = "serving-down"


class ServedWrong(OrchestrationError):
    """An answer that an app would get is not as it should be."""

    runbook = "model-rolled-back"

    def __init__(self, wrong: str) -> None:
        super().__init__(f"what is served is not right: {wrong}")


class DeploymentUndone(OrchestrationError):
    """A model that had just been promoted proved bad, and was rolled back."""

    runbook = "model-rolled-back"

    def __init__(self, why: str, champion: int) -> None:
        super().__init__(
            f"the newest model is rolled back, version {champion} is champion now: {why}"
        )


class MonitoringFailed(OrchestrationError):
    """The monitoring marts could not be built; their file stays as it was."""

    runbook = "monitoring-failed"


class NotReconciled(OrchestrationError):
    """The API has records that the marts lack, after a full pull that was built."""

    runbook = "test-conservation"


class SourceDied(OrchestrationError):
    """The embedded source ended, or did not answer in time."""

    retryable = True
    runbook = "source-died"
