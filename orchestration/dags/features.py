"""What models learn from: whenever marts were published.

One task builds and tests the features, drawn beside it as dbt's graph; they are published together
with the marts that they were made of. What fails here leaves the marts with their readers.
"""

from datetime import timedelta

from airflow.sdk import dag, get_current_context

from orchestration import recommending, steps
from orchestration.dags.shared.assets import FEATURES, MARTS, hand_on
from orchestration.dags.shared.defaults import house, writer
from orchestration.dags.shared.monitoring import look_after
from orchestration.dags.shared.rendering import dbt_graph
from orchestration.dags.shared.running import instant, writing


@dag(**house("features", __doc__, late_after=timedelta(hours=2)), schedule=[MARTS])
def features() -> None:
    """State the order."""

    @writer()
    def build() -> None:
        with writing(builds=True) as run:
            recommending.build_features(run)

    @writer(outlets=[FEATURES])
    def publish() -> None:
        with writing() as run:
            done = steps.publish(run)
        hand_on(get_current_context(), FEATURES, as_of=instant(run.as_of), version=done.version)

    built, published = build(), publish()
    [built, dbt_graph("features", built_by="build")] >> published
    look_after(built, published)


features()
