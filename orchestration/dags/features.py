"""What models learn from: whenever marts were published.

One task builds and tests the features, drawn beside it as dbt's graph; they are published together
with the marts that they were made of. What fails here leaves the marts with their readers.
"""

from datetime import timedelta

from airflow.sdk import dag, get_current_context

from orchestration.airflow.assets import FEATURES, MARTS
from orchestration.airflow.defaults import house, writer
from orchestration.airflow.leading import build_whole, publish_part
from orchestration.airflow.monitor_on_failure import look_after
from orchestration.airflow.rendering import dbt_graph
from orchestration.airflow.tasks import writing


@dag(**house("features", __doc__, late_after=timedelta(hours=2)), schedule=[MARTS])
def features() -> None:
    """State the order."""

    @writer()
    def build() -> None:
        build_whole("features")

    @writer(outlets=[FEATURES])
    def publish() -> None:
        with writing() as run:
            publish_part(run, get_current_context(), "features")

    published = publish()
    dbt_graph("features", build()) >> published
    look_after(published)


features()
