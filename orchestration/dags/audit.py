"""Audit the marts against a full pull: every Sunday at 5 o'clock UTC, unless set otherwise.

Pulls all that the app's API has, not only what is new; builds, tests every row of the marts where a
day tests the new ones, compares the marts with the pull key by key, and publishes. Then the lake's
many small files become few large ones. What is missing at the end is an alert, not a repair.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, get_current_context

from orchestration.airflow.assets import MARTS, emit_asset_event
from orchestration.airflow.defaults import dag_defaults, writer
from orchestration.airflow.monitor_on_failure import monitor_on_failure
from orchestration.airflow.tasks import instant, writing
from orchestration.operations import compaction
from orchestration.run.settings import ScheduleSettings
from orchestration.steps import marts


@dag(
    # without a start, which would make last Sunday's audit due in a new installation
    **dag_defaults("audit", __doc__, late_after=timedelta(hours=6), start_date=None),
    schedule=CronTriggerTimetable(
        ScheduleSettings().audit, timezone="UTC", interval=timedelta(days=7)
    ),
)
def audit() -> None:
    """State the order of the tasks."""

    @writer(outlets=[MARTS])
    def reconcile() -> None:
        with writing() as run:
            done = marts.audit(run)
        emit_asset_event(
            get_current_context(),
            MARTS,
            as_of=instant(done.as_of),
            version=done.version,
        )

    @writer()
    def compact() -> None:
        with writing() as run:
            compaction.compact(run, keep_superseded=None, keep_ops=None)

    reconciled, compacted = reconcile(), compact()
    reconciled >> compacted
    monitor_on_failure(reconciled, compacted)


audit()
