"""When Airflow tells people: a task failed for good, or a run is late."""

from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from orchestration.airflow.tasks import log_of
from orchestration.run.errors import RunLate, TaskKilled
from orchestration.run.settings import Settings


def task_failed(context: Context) -> None:
    """Tell why, where its log is, and which page of the runbooks helps."""
    from orchestration.monitoring.alerts.delivery import send
    from orchestration.monitoring.alerts.messages import alert_of

    task = context["ti"]
    said = context.get("exception")
    if isinstance(said, AirflowFailException):  # what `running` made of the step's own error
        error = said.__cause__ or said
    elif isinstance(said, BaseException):
        error = said
    else:  # killed: nobody was there to say why
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
    """Tell that a run has not ended in time; it goes on."""
    from orchestration.monitoring.alerts.delivery import send
    from orchestration.monitoring.alerts.messages import alert_of

    settings = Settings()
    run = context.get("dag_run", {})
    run_id = str(run.get("dag_run_id") or run.get("run_id") or "")
    late = RunLate(dag_id, minutes)
    send(settings, alert_of(settings, late, run_id=run_id, command=f"airflow {dag_id}", step=""))
