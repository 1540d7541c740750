"""What models learn from: whenever marts were published.

One task builds and tests the features, drawn beside it as dbt's graph; they are published together
with the marts that they were made of. What fails here leaves the marts with their readers.
"""

from datetime import timedelta

from airflow.sdk import dag, get_current_context

from orchestration.dags.shared.assets import FEATURES, MARTS
from orchestration.dags.shared.defaults import house, writer
from orchestration.dags.shared.leading import build_whole, publish_part
from orchestration.dags.shared.monitoring import look_after
from orchestration.dags.shared.rendering import dbt_graph
from orchestration.dags.shared.running import writing


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
