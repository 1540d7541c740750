"""Train a model where one is due: whenever features were published.

A training is due by the settings (hourly, daily or weekly, by the clock of the data), at first,
and on drift; else the task says why not, in a second. A challenger that is measurably better on
data that it has not seen becomes champion. Recommendations follow in either case.
"""

from datetime import timedelta

from airflow.sdk import dag, get_current_context

from orchestration.airflow.assets import FEATURES, MODEL, emit_asset_event
from orchestration.airflow.defaults import dag_defaults, writer
from orchestration.airflow.monitor_on_failure import monitor_on_failure
from orchestration.airflow.tasks import instant, writing
from orchestration.steps import recommendations


@dag(**dag_defaults("train", __doc__, late_after=timedelta(hours=4)), schedule=[FEATURES])
def train() -> None:
    """State the order of the tasks."""

    @writer(outlets=[MODEL], execution_timeout=timedelta(hours=6))
    def learn() -> None:
        with writing() as run:
            done = recommendations.train(run, if_due=True)
        version = str(done.version) if done else None
        emit_asset_event(
            get_current_context(), MODEL, as_of=instant(run.as_of), trained_version=version
        )

    monitor_on_failure(learn())


train()
