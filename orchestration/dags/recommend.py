"""Score, publish and check recommendations: whenever a training was decided upon.

Scores all users, builds and tests the recommendations (rendered as dbt's graph), publishes them
and, the first time of a champion, asks the served answers as an app would. A canary whose
recommendations can't be made, fail their tests or are served wrong is rolled back: the previous
model is champion again and its recommendations are published. Readers keep the last good ones.
"""

from datetime import timedelta

from airflow.sdk import chain, dag, get_current_context

from orchestration.airflow.assets import MODEL, RECOMMENDATIONS
from orchestration.airflow.defaults import dag_defaults, writer
from orchestration.airflow.leading import build_whole, publish_part
from orchestration.airflow.monitor_on_failure import monitor_on_failure
from orchestration.airflow.rendering import dbt_graph
from orchestration.airflow.tasks import writing
from orchestration.steps import recommendations


@dag(**dag_defaults("recommend", __doc__, late_after=timedelta(hours=2)), schedule=[MODEL])
def recommend() -> None:
    """State the order of the tasks."""

    @writer()
    def score() -> None:
        with writing() as run:
            recommendations.score_on_trial(run)

    @writer()
    def build() -> None:
        build_whole("recommendations")

    @writer(outlets=[RECOMMENDATIONS])
    def publish() -> None:
        with writing() as run:
            publish_part(run, get_current_context(), "recommendations")

    @writer()
    def smoke() -> None:
        with writing() as run:
            recommendations.smoke_if_new(run)

    scored, built, published, smoked = score(), build(), publish(), smoke()
    scored >> built
    chain(dbt_graph("recommendations", built, after=scored), published, smoked)
    monitor_on_failure(smoked)


recommend()
