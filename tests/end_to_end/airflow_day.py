"""Days that Airflow lives: each DAG run for real, in a process of its own, without a scheduler."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.airflow_home import DAGS, python
from tests.end_to_end.installation import DAY_1, Installation

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


@dataclass(frozen=True, slots=True)
class AirflowDay:
    """An installation whose days Airflow lives."""

    installation: Installation
    home: Path

    def does(self, *dags: str, at: datetime = DAY_1, **more: str) -> list[dict[str, Any]]:
        """Run DAGs one after another by the clock `at`; return how each ended."""
        return self._runs([f"{dag}@{at.isoformat()}" for dag in dags], more)

    def lives(self, *clocks: datetime) -> list[dict[str, Any]]:
        """Live days in such an order, from the pull to the published marts."""
        days = [clock.isoformat() for clock in clocks]
        return self._runs([f"{dag}@{day}" for day in days for dag in ("ingest", "transform")], {})

    def _runs(self, words: list[str], more: dict[str, str]) -> list[dict[str, Any]]:
        told = python(self.home, RUN, str(DAGS), *words, **self.installation.environment() | more)
        # what was started, as Spark's JVM, may say goodbye after it
        (line,) = [line for line in told.splitlines() if line.startswith("ENDS ")]
        ends: list[dict[str, Any]] = json.loads(line.removeprefix("ENDS "))
        return ends

    def alerts(self) -> list[dict[str, Any]]:
        """What whoever is on call was told."""
        log = self.installation.data_dir / "logs" / "alerts.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()]
