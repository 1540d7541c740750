"""Pull what is new at the app's API into the lake: every day at midnight UTC, unless set otherwise.

The only clock on the data's path; the rest of the day follows by assets. The end of the data
interval is the run's clock: a backfilled day pulls up to its own end and dates its load by it.
Safe to repeat: a load that counts is not pulled twice, a load that a crash left is finished first.
A request that fails is retried three times; a load that raw validation refused is not.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, get_current_context

from orchestration.airflow.assets import LAKE, emit_asset_event
from orchestration.airflow.defaults import dag_defaults, writer
from orchestration.airflow.monitor_on_failure import monitor_on_failure
from orchestration.airflow.tasks import writing
from orchestration.run.settings import ScheduleSettings
from orchestration.steps import ingesting


@dag(
    **dag_defaults("ingest", __doc__, late_after=timedelta(hours=1)),
    schedule=CronTriggerTimetable(
        ScheduleSettings().ingest, timezone="UTC", interval=timedelta(days=1)
    ),
)
def ingest() -> None:
    """State the order of the tasks."""

    @writer(outlets=[LAKE], retries=3)
    def pull() -> None:
        with writing() as run:
            done = ingesting.pull(run)
        emit_asset_event(
            get_current_context(),
            LAKE,
            as_of=done.as_of.isoformat(),
            load_id=done.load_id,
            rows=sum(one.received for one in done.pulls),
        )

    monitor_on_failure(pull())


ingest()
