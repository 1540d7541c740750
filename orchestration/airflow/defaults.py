"""One set of defaults for every DAG and every task."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from airflow.sdk import task
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from orchestration.airflow.callbacks import run_late, task_failed
from orchestration.run.settings import ScheduleSettings

POOL = "warehouse_writer"
"""Has one slot, so writers of the warehouse take turns."""


def dag_defaults(
    dag_id: str,
    doc: str | None,
    *,
    late_after: timedelta,
    **more: Any,  # noqa: ANN401 - Airflow's own
) -> dict[str, Any]:
    """Return the arguments of every DAG: one run at a time, no catch-up, a deadline.

    Args:
        dag_id: The DAG's name.
        doc: What it does, for its page.
        late_after: When a run is late.
        **more: Other arguments of the DAG.
    """
    minutes = int(late_after.total_seconds() // 60)
    late = SyncCallback(run_late, kwargs={"dag_id": dag_id, "minutes": minutes})
    return {
        "dag_id": dag_id,
        "doc_md": doc,
        "start_date": datetime(2026, 1, 1, tzinfo=UTC),
        "catchup": False,
        "max_active_runs": 1,
        "tags": ["moovitamix"],
        "deadline": DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, late_after, late),
        "default_args": {"owner": "moovitamix", "on_failure_callback": task_failed},
        **more,
    }


writer = partial(
    task,
    pool=POOL,
    retries=2,
    retry_delay=ScheduleSettings().retry_delay,
    retry_exponential_backoff=True,
    max_retry_delay=timedelta(minutes=20),
    execution_timeout=timedelta(hours=2),
    do_xcom_push=False,
    # by default a task weighs as much as all that come after it together
    weight_rule="absolute",
)
"""A task that writes. Errors that no retry helps are not retried (`steps/scheduled.py`)."""

monitoring = partial(writer, retries=0, priority_weight=2)
"""The task that builds the monitoring marts: first in the queue for the slot."""
