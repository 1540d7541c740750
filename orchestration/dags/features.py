"""Build and publish the features of models: whenever marts were published.

One task builds and tests the features, rendered beside it as dbt's graph; they are published
together with the marts that they were made of. A failure here leaves the published marts.
"""

from datetime import timedelta

from airflow.sdk import dag, get_current_context

from orchestration.airflow.assets import FEATURES, MARTS
from orchestration.airflow.defaults import dag_defaults, writer
from orchestration.airflow.leading import build_whole, publish_part
from orchestration.airflow.monitor_on_failure import monitor_on_failure
from orchestration.airflow.rendering import dbt_graph
from orchestration.airflow.tasks import writing


@dag(**dag_defaults("features", __doc__, late_after=timedelta(hours=2)), schedule=[MARTS])
def features() -> None:
    """State the order of the tasks."""

    @writer()
    def build() -> None:
        build_whole("features")

    @writer(outlets=[FEATURES])
    def publish() -> None:
        with writing() as run:
            publish_part(run, get_current_context(), "features")

    published = publish()
    dbt_graph("features", build()) >> published
    monitor_on_failure(published)


features()
