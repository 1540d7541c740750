"""Clearing of tasks in runs that failed: their deadline starts again.

Airflow 3.3.2 reads the interval of a deadline as seconds where it is stored as a serialized
`timedelta`, so its API answers 500 to clearing a task of any run whose deadline is still pending.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.models import taskinstance
from airflow.models.deadline import Deadline
from airflow.models.deadline_alert import DeadlineAlert
from sqlalchemy import select

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from sqlalchemy.orm import Session


def mend() -> None:
    """Replace what Airflow does to pending deadlines when tasks are cleared."""
    taskinstance._recalculate_dagrun_queued_at_deadlines = begin_again


def begin_again(dagrun: DagRun, new_queued_at: datetime, session: Session) -> None:
    """Count the pending deadlines of a run from `new_queued_at`; all of ours are from there.

    Args:
        dagrun: The run.
        new_queued_at: When it was queued again.
        session: The session on Airflow's metadata.

    """
    pending = (
        select(Deadline, DeadlineAlert)
        .join(DeadlineAlert, Deadline.deadline_alert_id == DeadlineAlert.id)
        .where(Deadline.dagrun_id == dagrun.id, Deadline.missed.is_(False))
    )
    for deadline, alert in session.execute(pending).all():
        deadline.deadline_time = new_queued_at + timedelta(seconds=_seconds(alert.interval))


def _seconds(interval: Any) -> float:  # noqa: ANN401 - JSON
    return float(interval["__data__"] if isinstance(interval, dict) else interval)
