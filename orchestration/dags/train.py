"""Train a model where one is due: whenever features were published.

Due is what the settings say (hourly, daily or weekly, by the clock of the data), the first time,
and on drift; else the task says why not, in a second. A challenger that is measurably better on
data that it has not seen becomes champion. Recommendations follow in either case.
"""

from datetime import timedelta

from airflow.sdk import dag, get_current_context

from orchestration import recommending
from orchestration.dags.shared.assets import FEATURES, MODEL, hand_on
from orchestration.dags.shared.defaults import house, writer
from orchestration.dags.shared.monitoring import look_after
from orchestration.dags.shared.running import instant, writing


@dag(**house("train", __doc__, late_after=timedelta(hours=4)), schedule=[FEATURES])
def train() -> None:
    """State the order."""

    @writer(outlets=[MODEL], execution_timeout=timedelta(hours=6))
    def learn() -> None:
        with writing() as run:
            done = recommending.train(run, if_due=True)
        version = str(done.version) if done else None
        hand_on(get_current_context(), MODEL, as_of=instant(run.as_of), trained_version=version)

    look_after(learn())


train()
