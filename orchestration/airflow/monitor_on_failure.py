"""The monitoring marts after a run that failed where no other task builds them."""

from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import TriggerRule

from orchestration.airflow import tasks
from orchestration.airflow.defaults import monitoring


def monitor_on_failure(*ends: Any) -> None:  # noqa: ANN401 - what a task call returns
    """Build the monitoring marts when one of `ends` failed; the run has failed all the same.

    After a run that went well `transform` builds them: they cost more than an ingest.
    """

    @monitoring(trigger_rule=TriggerRule.ONE_FAILED)
    def monitor() -> None:
        tasks.monitor()

    looked, done = monitor(), EmptyOperator(task_id="done")
    for end in ends:
        end >> looked
        end >> done  # a leaf that needs all of them: the run's outcome is theirs
