"""The progress of the build that a rendered task waits for."""

from typing import Protocol
from uuid import UUID

from orchestration.airflow.tasks import build_name
from orchestration.run.progress import Progress, file_of, read
from orchestration.run.settings import Settings


class Try(Protocol):
    """The present try of a task."""

    @property
    def id(self) -> UUID:
        """Its id, whose first bits are the milliseconds of its making."""

    dag_id: str
    run_id: str
    task_id: str
    try_number: int


def progress_of(task: Try, producer: str) -> Progress:
    """Read the progress of the newest build of a part in the task's run."""
    return read(file_of(Settings(), build_name(task.dag_id, task.run_id, producer)))
