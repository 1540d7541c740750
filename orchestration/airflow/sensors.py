"""Deferrable sensors of dbt's nodes, in a build that another task runs.

A sensor costs no process: the scheduler hands it straight to the triggerer, which reads the
progress of dbt (`run/progress.py`) and ends the task. One that was cleared accepts only a build
that started after that; where none will come, it goes to a worker and builds (`leading.py`).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
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

from orchestration.airflow.builds import Try, progress_of
from orchestration.airflow.defaults import POOL
from orchestration.airflow.states import FINISHED, SUCCESS, lately, state_of
from orchestration.run.progress import Progress
from orchestration.run.settings import Settings
from orchestration.warehouse.graph import compiled_files

POLL_SECONDS = 0.5
LONGEST = timedelta(hours=6)
# Ids made in one millisecond are given a millisecond each, so those of a large run are of the
# future: by 0.1 s for a hundred tasks. A build that began at once must not seem older than they.
AHEAD_SECONDS = 1.0
NEVER = Progress({}, is_live=False)
# Of a rendered task: only one that goes to a worker to build is ever in these.
LEADS = {"scheduled", "queued", "running", "restarting"}


class NodeSensor(BaseOperator):
    """Succeeds when all of `nodes` did, and fails when one failed or dbt never reached it."""

    start_from_trigger = True
    ui_color = "#e8f0fe"

    def __init__(self, *, part: str, nodes: Sequence[str], producer: str, **more: Any) -> None:  # noqa: ANN401 - Airflow's own
        # The slot is for one that builds: a deferred task takes none.
        super().__init__(pool=POOL, weight_rule="absolute", execution_timeout=LONGEST, **more)
        self.part = part
        self.nodes = list(nodes)
        self.producer = producer
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=f"{__name__}.NodeTrigger",
            trigger_kwargs={"part": part, "nodes": self.nodes, "producer": producer},
            next_method="execute",
            timeout=LONGEST,
        )

    def execute(self, context: Context, event: object = None) -> None:  # noqa: ARG002 - that it came is all
        """Build, if nothing else will, and log how the nodes ended.

        Where nothing starts triggers, as in `dag.test()`, it looks again later.
        """
        from orchestration.airflow.leading import lead

        task: Any = context["ti"]
        progress = progress_of(task, self.producer)
        state = state_of(task.dag_id, task.run_id, writer_of(progress, task, self))
        if must_lead(progress, task, self.nodes, state):
            lead(self, context)
            progress, state = progress_of(task, self.producer), SUCCESS
        reason = failure_of(accepted(progress, task, self.nodes), self.nodes, state)
        if reason is None:
            soon = datetime.now(UTC) + timedelta(seconds=1)
            raise AirflowRescheduleException(soon)  # type: ignore[no-untyped-call]
        for line in lines(self.part, self.nodes, progress):
            self.log.info("%s", line)
        if reason:
            raise AirflowFailException(reason)


class NodeTrigger(BaseTrigger):
    """Waits for the end of some nodes of a build; one process runs all triggers."""

    def __init__(self, part: str, nodes: list[str], producer: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.part = part
        self.nodes = nodes
        self.producer = producer

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and its arguments."""
        words = {"part": self.part, "nodes": self.nodes, "producer": self.producer}
        return f"{__name__}.NodeTrigger", words

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until there is an end, or until this task must build."""
        task: Any = self.task_instance
        assert task is not None, "a sensor is a task"
        seen_live, reason = -1.0, None
        while reason is None:
            progress = progress_of(task, self.producer)
            seen_live = progress.heading.began if progress.is_live else seen_live
            state = await self._state(task, progress, seen_live)
            reason = failure_of(accepted(progress, task, self.nodes), self.nodes, state)
            if must_lead(progress, task, self.nodes, state):
                reason = None
                if await self._is_first(task):
                    yield TriggerEvent("build")  # type: ignore[no-untyped-call]
                    return
            if reason is None:
                await asyncio.sleep(POLL_SECONDS)
        for line in lines(self.part, self.nodes, progress):
            self.log.info("%s", line)
        if reason:
            self.log.error("%s", reason)
        yield TaskFailedEvent() if reason else TaskSuccessEvent()

    async def _state(self, task: Try, progress: Progress, seen_live: float) -> str | None:
        """Return the state of the task that builds, where it decides."""
        whole = len(progress.of(self.nodes)) == len(self.nodes)
        if whole and seen_live == progress.heading.began:
            return SUCCESS  # of this try, as we saw, so there is nothing to ask
        if progress.is_live:
            return None
        writer = writer_of(progress, task, self)
        return (await lately(task.dag_id, task.run_id, task_id=writer)).get(writer)

    async def _is_first(self, task: Try) -> bool:
        """Whether no other task of the part is on its way to build: its build may be ours too."""
        states = await lately(task.dag_id, task.run_id, group=self.part)
        waiting = [name for name, state in states.items() if state == "deferred"]
        return not LEADS.intersection(states.values()) and min(waiting, default="") == task.task_id


def writer_of(progress: Progress, task: Try, watch: NodeSensor | NodeTrigger) -> str:
    """Return the task after whose end no more comes: the one that wrote, or else that builds.

    Args:
        progress: The progress of the newest build of the part.
        task: The present try of the task.
        watch: The sensor or its trigger.

    """
    is_ours = progress.answers(watch.nodes, since_of(task))
    return progress.heading.by if is_ours and progress.heading.by else watch.producer


def since_of(task: Try) -> float:
    """Return since when a build is one of the present try, in seconds of the epoch.

    The id of a try is a UUID 7, renewed when the task is cleared, so it begins with the time.
    """
    return (task.id.int >> 80) / 1000 - AHEAD_SECONDS


def must_lead(progress: Progress, task: Try, nodes: Sequence[str], state: str | None) -> bool:
    """Whether the task was cleared, and neither is there a build of this try nor will one come.

    `state` is that of the task that builds: while it waits or is tried again, its build will come.

    Args:
        progress: The progress of the newest build of the part.
        task: The present try of the task.
        nodes: The ids of dbt's nodes that the task stands for.
        state: The state of the task that builds.

    """
    if task.try_number < 2 or progress.answers(nodes, since_of(task)):
        return False
    return progress.is_live or state in FINISHED


def accepted(progress: Progress, task: Try, nodes: Sequence[str]) -> Progress:
    """Return the progress of a build if it is for this try; an earlier one does not count.

    Args:
        progress: The progress of the newest build of the part.
        task: The present try of the task.
        nodes: The ids of dbt's nodes that the task stands for.

    """
    return progress if progress.answers(nodes, since_of(task)) else NEVER


def failure_of(progress: Progress, nodes: Sequence[str], producer: str | None) -> str | None:
    """Return why the nodes failed: "" if they succeeded, None while that is not known.

    `producer` is the state of the task that builds. What its file says holds while it writes it,
    and once the task has ended; in between it may be of the try before.

    Args:
        progress: The progress of the newest build of the part.
        nodes: The ids of dbt's nodes that the task stands for.
        producer: The state of the task that builds.

    """
    if not (progress.is_live or producer in FINISHED):
        return None
    ended = progress.of(list(nodes))
    if bad := {node: one for node, one in ended.items() if not one.is_good}:
        return "; ".join(f"{node}: {one.status} {one.message}".strip() for node, one in bad.items())
    if len(ended) == len(set(nodes)):
        return ""
    if progress.is_live:
        return None
    return f"dbt never came to {', '.join(sorted(set(nodes) - set(ended)))}"


def lines(part: str, nodes: Sequence[str], progress: Progress) -> list[str]:
    """Write how each node ended, as dbt does, and where its compiled SQL is.

    Args:
        part: A part of the build: marts, features, recommendations or monitoring.
        nodes: The ids of dbt's nodes that the task stands for.
        progress: The progress of the newest build of the part.

    """
    files = compiled_files(Settings(), part)
    return [
        f"{node}: {one.status}, {one.message}" + (f", {files[node]}" if node in files else "")
        for node, one in progress.of(nodes).items()
    ]
