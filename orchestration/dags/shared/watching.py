"""Show, as a task of its own, what became of some nodes of the dbt build that another task runs.

A watcher costs no process: the scheduler hands it straight to the triggerer, which reads how far
dbt came (`orchestration/progress.py`) and ends the task.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException, AirflowRescheduleException
from airflow.triggers.base import (
    BaseTrigger,
    StartTriggerArgs,
    TaskFailedEvent,
    TaskSuccessEvent,
    TriggerEvent,
)

from orchestration.dags.shared.running import build_name
from orchestration.progress import Progress, file_of, read
from orchestration.settings import Settings

POLL_SECONDS = 0.5
LONGEST = timedelta(hours=6)
ENDED = "success"
FINISHED = {ENDED, "failed", "upstream_failed", "skipped", "removed"}
# Asking Airflow costs 20 ms of its API server; all watchers of a build share an answer.
ASK_SECONDS = 3.0


_answers: dict[str, tuple[float, str | None]] = {}
_KEPT_ANSWERS = 20


class Watch(BaseOperator):
    """Ends well when all of `nodes` did, and fails when one failed or dbt never came to it."""

    start_from_trigger = True
    ui_color = "#e8f0fe"

    def __init__(self, *, nodes: Sequence[str], producer: str, **more: Any) -> None:  # noqa: ANN401 - Airflow's own
        super().__init__(**more)
        self.nodes = list(nodes)
        self.producer = producer
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=f"{__name__}.WatchTrigger",
            trigger_kwargs={"nodes": self.nodes, "producer": producer},
            next_method="execute",
            timeout=LONGEST,
        )

    def execute(self, context: Context) -> None:
        """Look once, and again later: where nothing starts triggers, as in `dag.test()`."""
        task = context["ti"]
        progress = read(file_of(Settings(), build_name(task.dag_id, task.run_id, self.producer)))
        state = None if progress.is_live else state_of(task.dag_id, task.run_id, self.producer)
        reason = verdict(progress, self.nodes, state)
        if reason is None:
            soon = datetime.now(UTC) + timedelta(seconds=1)
            raise AirflowRescheduleException(soon)  # type: ignore[no-untyped-call]
        if reason:
            raise AirflowFailException(reason)


class WatchTrigger(BaseTrigger):
    """Waits for the end of some nodes of a build, beside all others, in one process."""

    def __init__(self, nodes: list[str], producer: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.nodes = nodes
        self.producer = producer

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Say how to make the same again."""
        return f"{__name__}.WatchTrigger", {"nodes": self.nodes, "producer": self.producer}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until there is an end."""
        task = self.task_instance
        assert task is not None, "a watcher is a task"
        path = file_of(Settings(), build_name(task.dag_id, task.run_id, self.producer))
        was_live, reason = False, None
        while reason is None:
            progress = read(path)
            was_live = was_live or progress.is_live
            state = None
            if was_live and len(progress.of(self.nodes)) == len(self.nodes):
                state = ENDED  # of this try, as we saw, so there is nothing to ask
            elif not progress.is_live:
                state = await lately(task.dag_id, task.run_id, self.producer)
            reason = verdict(progress, self.nodes, state)
            if reason is None:
                await asyncio.sleep(POLL_SECONDS)
        for node, ended in progress.of(self.nodes).items():
            self.log.info("%s: %s %s", node, ended.status, ended.said)
        if reason:
            self.log.error("%s", reason)
        yield TaskFailedEvent() if reason else TaskSuccessEvent()


def verdict(progress: Progress, nodes: Sequence[str], producer: str | None) -> str | None:
    """Say why the nodes are not well: nothing when they are, None while it can't be told.

    `producer` is the state of the task that builds. What its file says holds while it writes it,
    and once the task has ended; in between it may be of the try before.
    """
    if not (progress.is_live or producer in FINISHED):
        return None
    ended = progress.of(list(nodes))
    if bad := {node: one for node, one in ended.items() if not one.is_good}:
        return "; ".join(f"{node}: {one.status} {one.said}".strip() for node, one in bad.items())
    if len(ended) == len(set(nodes)):
        return ""
    if progress.is_live:
        return None
    return f"dbt never came to {', '.join(sorted(set(nodes) - set(ended)))}"


async def lately(dag_id: str, run_id: str, task_id: str) -> str | None:
    """Ask as `state_of`, unless another watcher of the same build did so a moment ago."""
    build = build_name(dag_id, run_id, task_id)
    asked_at, state = _answers.get(build, (-ASK_SECONDS, None))
    if monotonic() - asked_at < ASK_SECONDS:
        return state
    _answers[build] = (monotonic(), state)  # who comes meanwhile has the former answer
    state = await asyncio.to_thread(state_of, dag_id, run_id, task_id)
    _answers[build] = (monotonic(), state)
    for old in list(_answers)[:-_KEPT_ANSWERS]:
        del _answers[old]
    return state


def state_of(dag_id: str, run_id: str, task_id: str) -> str | None:
    """Ask Airflow for the state of a task of the same run; None while it has none."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    states = RuntimeTaskInstance.get_task_states(
        dag_id=dag_id, task_ids=[task_id], run_ids=[run_id]
    )
    state = states.get(run_id, {}).get(task_id)
    return None if state is None else str(state)
