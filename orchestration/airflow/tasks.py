"""Tasks that run a step: with the run's clock, the log's address, and errors for Airflow."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from airflow.sdk import Context, get_current_context
from airflow.sdk.exceptions import AirflowFailException

from lake.clock import naive_utc
from orchestration.airflow.assets import triggering_events
from orchestration.run import environment
from orchestration.run.error_messages import message_of
from orchestration.run.progress import Heading
from orchestration.run.runs import Run
from orchestration.run.settings import Settings
from orchestration.steps import scheduled

LOG_URL = "MOOVITAMIX_ALERT_LOG_URL"


@dataclass(frozen=True, slots=True)
class At:
    """The context of a task: the name of its run, its clock, and the name of its build."""

    command: str
    as_of: datetime | None
    build: str


@contextmanager
def writing(heading: Heading | None = None, *, built_by: str = "") -> Iterator[Run]:
    """Do a task's part of the day as the one writer, recorded.

    With a `heading` sensors follow dbt, as a build by the task `built_by`; by default, by this one.
    """
    with (
        _task(built_by) as at,
        scheduled.writing(at.command, as_of=at.as_of, build=at.build, heading=heading) as run,
    ):
        yield run


def monitor(heading: Heading | None = None, *, built_by: str = "") -> None:
    """Build the monitoring marts as a task."""
    with _task(built_by) as at:
        scheduled.monitor(at.command, as_of=at.as_of, build=at.build, heading=heading)


@contextmanager
def reading() -> Iterator[Settings]:
    """Do a task that takes no lock: it checks the API as it is now, not in the run's interval."""
    with _task():
        yield Settings()


@contextmanager
def _task(built_by: str = "") -> Iterator[At]:
    """Yield the task's context; an error that no retry helps fails it at once."""
    environment.settle()
    context = get_current_context()
    task = context["ti"]
    build = build_name(task.dag_id, task.run_id, built_by or task.task_id)
    with log_of(context):
        try:
            yield At(f"airflow {task.dag_id}", clock_of(context), build)
        except Exception as error:
            if getattr(error, "retryable", False):
                raise
            raise AirflowFailException(message_of(error)) from error


def build_name(dag_id: str, run_id: str, task_id: str) -> str:
    """Return the name by which sensors find a build.

    Args:
        dag_id: The DAG.
        run_id: The DAG run.
        task_id: The task that builds.

    """
    return f"{dag_id}.{run_id}.{task_id}"


def clock_of(context: Context) -> datetime | None:
    """The instant that dates the run: of what began it, else the end of its interval.

    None for a run that a person began without either: then the data's own clock holds.
    """
    if clocks := [facts["as_of"] for facts in triggering_events(context) if "as_of" in facts]:
        return datetime.fromisoformat(max(clocks))
    interval_end = context.get("data_interval_end")
    return naive_utc(interval_end).replace(microsecond=0) if interval_end else None


def instant(clock: datetime | None) -> str | None:
    """Write a clock as assets carry it."""
    return clock.isoformat() if clock else None


@contextmanager
def log_of(context: Context) -> Iterator[None]:
    """Set the address of this task's log, for alerts."""
    before = os.environ.get(LOG_URL)
    os.environ[LOG_URL] = str(context["ti"].log_url)
    try:
        yield
    finally:
        os.environ.pop(LOG_URL)
        if before is not None:
            os.environ[LOG_URL] = before
