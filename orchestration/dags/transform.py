"""From the lake to the readers: whenever the lake has more.

One task runs dbt, once, as `moovitamix run` does: source freshness, then every model and test of
the marts. dbt's own graph is drawn beside it, and each of its tasks shows what became of its nodes
while dbt works. What was built whole and good is published by one rename; after a failure nothing
is, and readers keep what they have. The monitoring marts are built in either case.
Recovered by a new run, or by clearing this one: a build that failed is built anew from the lake.
"""

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import TriggerRule, dag, get_current_context

from orchestration import steps
from orchestration.dags.shared import running
from orchestration.dags.shared.assets import LAKE, MARTS, hand_on
from orchestration.dags.shared.defaults import house, monitoring, writer
from orchestration.dags.shared.rendering import dbt_graph, roots
from orchestration.dags.shared.running import instant, writing


@dag(**house("transform", __doc__, late_after=timedelta(hours=2)), schedule=[LAKE])
def transform() -> None:
    """State the order."""

    @writer()
    def build() -> None:
        with writing(builds=True) as run:
            steps.freshness(run)
            steps.build(run)

    @writer(outlets=[MARTS])
    def publish() -> None:
        with writing() as run:
            done = steps.publish(run)
        hand_on(
            get_current_context(),
            MARTS,
            as_of=instant(done.built_at),
            version=done.version,
            load_id=done.load_ids[-1] if done.load_ids else None,
            rows=sum(table.rows for table in done.tables),
        )

    @monitoring(trigger_rule=TriggerRule.ALL_DONE)
    def monitor() -> None:
        running.monitor(builds=True)

    published = publish()
    [build(), dbt_graph("marts", built_by="build")] >> published
    published >> EmptyOperator(task_id="published")  # a leaf: the run fails when it does
    published >> monitor()
    for task in roots(dbt_graph("monitoring", built_by="monitor")):
        task.trigger_rule = TriggerRule.ALL_DONE
        published >> task


transform()
