"""The build task: builds a part, or its cleared nodes, and publishes it.

Of the tasks that were cleared, the first to get there builds for all of them, with one dbt command.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context, get_current_context
from airflow.sdk.exceptions import AirflowFailException

from orchestration.airflow import tasks
from orchestration.airflow.assets import FEATURES, MARTS, RECOMMENDATIONS, emit_asset_event
from orchestration.airflow.callbacks import task_failed
from orchestration.airflow.states import FINISHED, SUCCESS, States, states_of
from orchestration.run.progress import Heading
from orchestration.run.runs import Run
from orchestration.steps import marts, recommendations

if TYPE_CHECKING:
    from orchestration.airflow.sensors import NodeSensor
    from orchestration.warehouse.build import Build

PUBLISH = "publish"
ASSETS = {"marts": MARTS, "features": FEATURES, "recommendations": RECOMMENDATIONS}


def build_whole(part: str) -> None:
    """Build all of a part, as the task that the rendered part follows."""
    context = get_current_context()
    task: Any = context["ti"]
    with tasks.writing(Heading(task.task_id)) as run:
        done = _build(run, part)
        if task.try_number > 1 and done.models:
            _publish_if_left_alone(run, context, part, states={})


def publish_part(run: Run, context: Context, part: str) -> None:
    """Publish what was built, and emit the event of the part's asset.

    Args:
        run: The run that asks: its settings, lock and console.
        context: Airflow's context of the task.
        part: A part of the build: marts, features, recommendations or monitoring.

    """
    done = marts.publish(run)
    facts: dict[str, str | int | None] = {"version": done.version}
    if part == "marts":
        facts["as_of"] = tasks.instant(done.as_of)
        facts["load_id"] = done.load_ids[-1] if done.load_ids else None
        facts["rows"] = sum(table.rows for table in done.tables)
    else:
        facts["as_of"] = tasks.instant(run.as_of)
    emit_asset_event(context, ASSETS[part], **facts)


def lead(watch: "NodeSensor", context: Context) -> None:
    """Build what was cleared of a part: the nodes of all tasks of it that have not ended.

    Raises `AirflowFailException` where something failed that no other task is left to show.
    """
    task: Any = context["ti"]
    heading = Heading(task.task_id)  # before looking: what is cleared later needs another build
    rendered: list[Any] = [
        one for one in watch.dag.tasks if getattr(one, "producer", None) == watch.producer
    ]
    states = states_of(task.dag_id, task.run_id, task_group_id=watch.part)
    states[task.task_id] = None  # at work
    cleared = [one for one in rendered if states.get(one.task_id) not in FINISHED]
    nodes = sorted({node for one in cleared for node in one.nodes})
    heading = replace(heading, chosen=frozenset(nodes))
    with _alerted(watch, context, [one for one in cleared if one.task_id != task.task_id]):
        if watch.part == "monitoring":
            tasks.monitor(heading, built_by=watch.producer)
            return
        with tasks.writing(heading, built_by=watch.producer) as run:
            done = _build(run, watch.part, () if len(cleared) == len(rendered) else nodes)
            if done.models:
                _publish_if_left_alone(run, context, watch.part, states)


def _build(run: Run, part: str, nodes: Sequence[str] = ()) -> "Build":
    if part == "recommendations":
        return recommendations.build_recommendations(run, nodes)
    if part == "marts" and (not nodes or any(node.startswith("source.") for node in nodes)):
        marts.freshness(run)
    return marts.build(run, part, nodes=nodes)


def _publish_if_left_alone(run: Run, context: Context, part: str, states: States) -> None:
    """Publish where the task that does it will not run: it has ended, or a failed one is before it.

    `states` are those of the part's rendered tasks.
    """
    task: Any = context["ti"]
    state = states_of(task.dag_id, task.run_id, task_ids=[PUBLISH]).get(PUBLISH)
    failed = FINISHED - {SUCCESS}
    if state in FINISHED or failed.intersection(states.values()):
        task.task.outlets = [*task.task.outlets, ASSETS[part]]
        publish_part(run, context, part)


@contextmanager
def _alerted(watch: "NodeSensor", context: Context, others: "Sequence[Any]") -> Iterator[None]:
    """Send an alert of a failure, which is this task's unless tasks of what failed will show it."""
    from orchestration.airflow.builds import progress_of
    from orchestration.warehouse.dbt_commands.failures import FAILURES

    try:
        yield
    except AirflowFailException as error:
        failing: Any = {**context, "exception": error}
        task_failed(failing)
        task: Any = context["ti"]
        nodes = progress_of(task, watch.producer).nodes
        bad = {name for name, one in nodes.items() if one.status in FAILURES}
        shown = {node for one in others for node in one.nodes}
        if not bad or not bad <= shown:
            raise
