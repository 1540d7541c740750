"""From the champion to served recommendations: whenever a training was decided upon.

Scores all users, builds and tests the recommendations (drawn as dbt's graph), publishes them and,
the first time of a champion, asks the served answers as an app would. A champion on trial whose
recommendations can't be made, fail their tests or are served wrong is rolled back: the one before
is champion again and its recommendations are published. Readers keep the last good ones meanwhile.
"""

from datetime import timedelta

from airflow.sdk import chain, dag, get_current_context

from orchestration import recommending
from orchestration.dags.shared.assets import MODEL, RECOMMENDATIONS
from orchestration.dags.shared.defaults import house, writer
from orchestration.dags.shared.leading import build_whole, publish_part
from orchestration.dags.shared.monitoring import look_after
from orchestration.dags.shared.rendering import dbt_graph
from orchestration.dags.shared.running import writing


@dag(**house("recommend", __doc__, late_after=timedelta(hours=2)), schedule=[MODEL])
def recommend() -> None:
    """State the order."""

    @writer()
    def score() -> None:
        with writing() as run:
            recommending.score_on_trial(run)

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
            recommending.smoke_if_new(run)

    scored, built, published, smoked = score(), build(), publish(), smoke()
    scored >> built
    chain(dbt_graph("recommendations", built, after=scored), published, smoked)
    look_after(smoked)


recommend()
