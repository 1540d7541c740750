"""Two chained DAGs in the running stack, `ingest` and `transform`, as a person at the UI sees them.

They run as `make airflow` runs them, on PostgreSQL. The clock may start an `ingest` meanwhile, so
readers may get more publications than a test asks for.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.run.lock import holder_of
from orchestration.run.progress import file_of
from orchestration.run.settings import Settings
from tests.support.airflow_home import DAGS
from tests.support.installation import Installation
from tests.support.stack.running import RunningStack, running, wait_for

PATIENCE = 900
SOONER = {
    "MOOVITAMIX_SCHEDULE_RETRY_DELAY": "PT1S",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "40",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
}


@dataclass(frozen=True, slots=True)
class Day:
    """What a person at the UI can do and see."""

    stack: RunningStack

    def trigger(self, dag: str) -> str:
        """Begin a run; return its id."""
        started = self._ask(f"{dag}/dagRuns", "POST", {"logical_date": None})
        return str(started["dag_run_id"])

    def clear(self, dag: str, run_id: str) -> None:
        """Clear all tasks of a run."""
        body = {"dry_run": False, "only_failed": False}
        self._ask(f"{dag}/dagRuns/{run_id}/clear", "POST", body)

    def outcome(self, dag: str, run_id: str) -> str:
        """Wait for the end of a run; return how it ended."""
        wait_for(lambda: self.run(dag, run_id)["state"] in {"success", "failed"}, PATIENCE)
        return str(self.run(dag, run_id)["state"])

    def run(self, dag: str, run_id: str) -> dict[str, Any]:
        """What Airflow knows of a run."""
        return self._ask(f"{dag}/dagRuns/{run_id}")

    def task(self, dag: str, run_id: str, task_id: str) -> dict[str, Any]:
        """What Airflow knows of a task of a run."""
        return self._ask(f"{dag}/dagRuns/{run_id}/taskInstances/{task_id}")

    def version(self) -> int:
        """Which publication readers have."""
        with duckdb.connect(self.stack.data_dir / "marts.duckdb", read_only=True) as marts:
            ((version,),) = marts.sql("select version from publication").fetchall()
        return int(version)

    def until_quiet(self) -> None:
        """Wait until no run is at work or waiting."""
        open_ = "~/dagRuns?state=queued&state=running"
        wait_for(lambda: not self._ask(open_)["dag_runs"], PATIENCE)

    def in_mid_build(self) -> tuple[str, int]:
        """Begin `transform`; return its run and the process that builds, once dbt has written."""
        self.until_quiet()
        run_id = self.trigger("transform")
        content = file_of(Settings(data_dir=self.stack.data_dir), f"transform.{run_id}.build")
        wait_for(lambda: content.exists() and len(content.read_text().splitlines()) > 1, PATIENCE)
        holder = holder_of(self.stack.data_dir)
        assert holder
        return run_id, holder.pid

    def clears(self, run: str, *tasks: str, downstream: bool = False) -> None:
        """Clear tasks of a run of `transform`."""
        chosen = {"dag_run_id": run, "task_ids": list(tasks), "include_downstream": downstream}
        body = {"dry_run": False, "only_failed": False, **chosen}
        self._ask("transform/clearTaskInstances", "POST", body)

    def states(self, run: str) -> dict[str, str]:
        """How each task of a run of `transform` stands."""
        content = self._ask(f"transform/dagRuns/{run}/taskInstances?limit=200")
        return {one["task_id"]: one["state"] for one in content["task_instances"]}

    def builds(self) -> dict[object, set[object]]:
        """By the invocation of each build of marts, the nodes that it ran."""
        builds: dict[object, set[object]] = {}
        for row in Installation(self.stack.data_dir).ops("dbt_results"):
            if row["command"] == "build":
                builds.setdefault(row["invocation_id"], set()).add(row["node_name"])
        return {one: nodes for one, nodes in builds.items() if "dim_users" in nodes}

    def published(self) -> set[object]:
        """The runs of `transform` that published; other DAGs follow and publish too."""
        installation = Installation(self.stack.data_dir)
        ours = {
            row["run_id"]
            for row in installation.ops("runs")
            if row["command"] == "airflow transform"
        }
        return {
            row["run_id"]
            for row in installation.ops("steps")
            if row["run_id"] in ours and (row["step"], row["outcome"]) == ("publish", "succeeded")
        }

    def _ask(self, path: str, method: str = "GET", body: Any = None) -> dict[str, Any]:
        answer = self.stack.ask(f"/api/v2/dags/{path}", "admin", method=method, body=body)
        assert answer.status < 300, answer.data
        content: dict[str, Any] = answer.json()
        return content


@contextmanager
def first_day(folder: Path) -> Iterator[Day]:
    """Run a stack whose first day was triggered by `ingest` alone."""
    dags = folder / "dags"
    dags.mkdir()
    for name in ("ingest", "transform"):
        shutil.copy(DAGS / f"{name}.py", dags)
    with running(folder / "data", MOOVITAMIX_STACK_DAGS=str(dags), **SOONER) as stack:
        day = Day(stack)
        for dag in ("ingest", "transform"):
            wait_for(lambda dag=dag: stack.ask(f"/api/v2/dags/{dag}", "admin").status == 200)  # type: ignore[misc]
        assert day.outcome("ingest", day.trigger("ingest")) == "success"
        wait_for((stack.data_dir / "marts.duckdb").exists, PATIENCE)
        day.until_quiet()
        yield day
