"""Build, test and publish the marts: whenever the lake has a new load.

One task runs dbt, once, as `moovitamix run` does: source freshness, then every model and test of
the marts. dbt's own graph is rendered beside it, and each of its tasks shows the results of its
nodes while dbt works. A whole, validated build is published by one rename; after a
failure nothing is, and readers keep what they have. The monitoring marts are built in either case.
What is cleared is run: one model with all that follows it, or the whole; after a failed build the
whole is built from the start. So clearing the failed tasks repairs a run.
"""

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import TriggerRule, dag, get_current_context

from orchestration.airflow import tasks
from orchestration.airflow.assets import LAKE, MARTS
from orchestration.airflow.defaults import dag_defaults, monitoring, writer
from orchestration.airflow.leading import build_whole, publish_part
from orchestration.airflow.rendering import dbt_graph
from orchestration.airflow.tasks import writing
from orchestration.run.progress import Heading


@dag(**dag_defaults("transform", __doc__, late_after=timedelta(hours=2)), schedule=[LAKE])
def transform() -> None:
    """State the order of the tasks."""

    @writer()
    def build() -> None:
        build_whole("marts")

    @writer(outlets=[MARTS])
    def publish() -> None:
        with writing() as run:
            publish_part(run, get_current_context(), "marts")

    @monitoring(trigger_rule=TriggerRule.ALL_DONE)
    def monitor() -> None:
        tasks.monitor(Heading("monitor"))

    published, monitored = publish(), monitor()
    dbt_graph("marts", build()) >> published
    published >> EmptyOperator(task_id="published")  # a leaf: the run fails when it does
    published >> monitored
    dbt_graph("monitoring", monitored, after=published)


transform()
