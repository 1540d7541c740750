"""States of the tasks of a run, from Airflow's API."""

import asyncio
from time import monotonic
from typing import Any

SUCCESS = "success"
FINISHED = {SUCCESS, "failed", "upstream_failed", "skipped", "removed"}
# Asking Airflow costs 20 ms of its API server; all sensors of a build share an answer.
ASK_SECONDS = 3.0
_KEPT_ANSWERS = 20

States = dict[str, str | None]
"""By the names of tasks, their states; None for one that waits for what comes before it."""

_answers: dict[tuple[str, ...], tuple[float, States]] = {}


async def lately(dag_id: str, run_id: str, *, task_id: str = "", group: str = "") -> States:
    """Ask for a task or a group, unless another sensor asked the same a moment ago."""
    asked = (dag_id, run_id, task_id, group)
    asked_at, states = _answers.get(asked, (-ASK_SECONDS, {}))
    if monotonic() - asked_at < ASK_SECONDS:
        return states
    _answers[asked] = (monotonic(), states)  # calls meanwhile get the earlier answer
    words: dict[str, Any] = {"task_group_id": group} if group else {"task_ids": [task_id]}
    states = await asyncio.to_thread(states_of, dag_id, run_id, **words)
    _answers[asked] = (monotonic(), states)
    for old in list(_answers)[:-_KEPT_ANSWERS]:
        del _answers[old]
    return states


def state_of(dag_id: str, run_id: str, task_id: str) -> str | None:
    """Return the state of a task of the run; None while it has none.

    Args:
        dag_id: The DAG.
        run_id: The DAG run.
        task_id: The task.

    """
    return states_of(dag_id, run_id, task_ids=[task_id]).get(task_id)


def states_of(dag_id: str, run_id: str, **which: Any) -> States:  # noqa: ANN401 - Airflow's own
    """Return the states of tasks (`task_ids`) or of a group (`task_group_id`) of the run."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    states = RuntimeTaskInstance.get_task_states(dag_id=dag_id, run_ids=[run_id], **which)
    found = states.get(run_id, {})
    return {name: None if state is None else str(state) for name, state in found.items()}
