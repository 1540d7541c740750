"""Alerts from Airflow: a task failed for good, or a run is late."""

from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from orchestration.airflow.tasks import log_of
from orchestration.run.errors import RunLate, TaskKilled
from orchestration.run.settings import Settings


def task_failed(context: Context) -> None:
    """Send an alert with the reason, the log and the runbook."""
    from orchestration.monitoring.alerts.delivery import send
    from orchestration.monitoring.alerts.messages import alert_of

    task = context["ti"]
    error = context.get("exception")
    if isinstance(error, AirflowFailException):  # what `_task` made of the step's own error
        error = error.__cause__ or error
    if not isinstance(error, BaseException):  # a killed task leaves none
        error = TaskKilled(task.dag_id, task.task_id)
    settings = Settings()
    with log_of(context):
        alert = alert_of(
            settings,
            error,
            run_id=task.run_id,
            command=f"airflow {task.dag_id}",
            step=task.task_id,
        )
    send(settings, alert)


def run_late(context: dict[str, Any], dag_id: str, minutes: int) -> None:
    """Send an alert that a run has not ended in time; it goes on.

    Args:
        context: Airflow's context of the run.
        dag_id: The DAG.
        minutes: How late it is.

    """
    from orchestration.monitoring.alerts.delivery import send
    from orchestration.monitoring.alerts.messages import alert_of

    settings = Settings()
    run = context.get("dag_run", {})
    run_id = str(run.get("dag_run_id") or run.get("run_id") or "")
    late = RunLate(dag_id, minutes)
    send(settings, alert_of(settings, late, run_id=run_id, command=f"airflow {dag_id}", step=""))
