"""Check the health of the app's API every 15 minutes, and record its response.

It writes nothing but its own rows in the lake's `ops/`, so it takes no lock. An API that is down
raises an alert at once, not only when the next day starts.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

from orchestration.airflow.defaults import dag_defaults
from orchestration.airflow.tasks import reading
from orchestration.run.settings import ScheduleSettings
from orchestration.steps import api_watch


@dag(
    **dag_defaults("api_health", __doc__, late_after=timedelta(minutes=10)),
    schedule=CronTriggerTimetable(ScheduleSettings().api_health, timezone="UTC"),
)
def api_health() -> None:
    """State the order of the tasks."""

    @task(retries=1, retry_delay=timedelta(seconds=30), execution_timeout=timedelta(minutes=5))
    def ask() -> None:
        with reading() as settings:
            api_watch.require_well(api_watch.check_api(settings))

    ask()


api_health()
