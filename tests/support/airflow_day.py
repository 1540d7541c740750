"""Days run by Airflow: each DAG run for real, in a separate process, without a scheduler."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.airflow_home import DAGS, python
from tests.support.installation import DAY_1, Installation

# Deadlines are looked up in the scheduler's own tables, which `dag.test()` has not filled.
RUN = """
import json, sys
from datetime import UTC, datetime
from airflow.dag_processing.dagbag import BundleDagBag
folder = sys.argv[1]
bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder")
from airflow.models.pool import Pool
from airflow.utils.session import create_session
Pool.create_or_update_pool("warehouse_writer", 1, "", include_deferred=False)
ends = []
for word in sys.argv[2:]:
    name, _, instant = word.partition("@")
    dag = bag.dags[name]
    dag.deadline = None
    run = dag.test(logical_date=datetime.fromisoformat(instant).replace(tzinfo=UTC))
    with create_session() as session:
        tasks = {one.task_id: str(one.state) for one in run.get_task_instances(session=session)}
    ends.append({"dag": name, "state": str(run.state), "tasks": tasks})
print()
print("ENDS", json.dumps(ends))
"""

# As `dag.test()`, which can only begin a run, goes on with one.
CLEAR = """
import json, sys
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.models.dagrun import DagRun
from airflow.sdk.definitions.dag import _run_task
from airflow.serialization.serialized_objects import DagSerialization
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from sqlalchemy import select
folder, name, *cleared = sys.argv[1:]
bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder")
dag = bag.dags[name]
dag.deadline = None
known = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
with create_session() as session:
    newest = select(DagRun).where(DagRun.dag_id == name).order_by(DagRun.id.desc())
    run = session.scalars(newest).first()
    known.clear(task_ids=cleared, run_id=run.run_id, session=session)
    run.state = DagRunState.RUNNING
    session.commit()
    while run.state == DagRunState.RUNNING:
        session.expire_all()
        run.dag = known
        ready, _ = run.update_state(session=session)
        for task in ready:
            task.try_number += 1
            task.state = TaskInstanceState.SCHEDULED
        session.commit()
        for task in ready:
            _run_task(ti=task, task=dag.task_dict[task.task_id])
    tasks = {
        one.task_id: [str(one.state), one.try_number]
        for one in run.get_task_instances(session=session)
    }
    print()
    print("ENDS", json.dumps({"state": str(run.state), "tasks": tasks}))
"""


@dataclass(frozen=True, slots=True)
class AirflowDay:
    """An installation whose days Airflow runs."""

    installation: Installation
    home: Path

    def does(self, *dags: str, at: datetime = DAY_1, **more: str) -> list[dict[str, Any]]:
        """Run DAGs one after another by the clock `at`; return how each ended."""
        return self._runs([f"{dag}@{at.isoformat()}" for dag in dags], more)

    def runs_day(self, *clocks: datetime) -> list[dict[str, Any]]:
        """Live days in such an order, from the pull to the published marts."""
        days = [clock.isoformat() for clock in clocks]
        return self._runs([f"{dag}@{day}" for day in days for dag in ("ingest", "transform")], {})

    def clears(self, dag: str, *tasks: str) -> dict[str, Any]:
        """Clear tasks of the newest run; return how it ended, each task with its tries."""
        output = python(self.home, CLEAR, str(DAGS), dag, *tasks, **self.installation.environment())
        end: dict[str, Any] = _ends(output)
        return end

    def _runs(self, words: list[str], more: dict[str, str]) -> list[dict[str, Any]]:
        output = python(self.home, RUN, str(DAGS), *words, **self.installation.environment() | more)
        ends: list[dict[str, Any]] = _ends(output)
        if any(end["state"] != "success" for end in ends):
            print(output)  # the log of what failed, for pytest to show
        return ends

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts sent so far."""
        log = self.installation.data_dir / "logs" / "alerts.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()]


def _ends(output: str) -> Any:
    # what was started, as Spark's JVM, may print more after it
    (line,) = [line for line in output.splitlines() if line.startswith("ENDS ")]
    return json.loads(line.removeprefix("ENDS "))
