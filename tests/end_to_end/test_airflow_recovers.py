"""The running stack, hurt in the middle of a build: the day ends right, by itself or when cleared.

`ingest` and `transform` alone, as `make airflow` runs them, on PostgreSQL. The clock may begin an
`ingest` of its own meanwhile, so that readers may get more publications than these tests ask for.
"""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

from orchestration.run.lock import holder_of
from orchestration.run.progress import file_of
from orchestration.run.settings import Settings
from tests.support.airflow_home import DAGS
from tests.support.stack.running import RunningStack, left_of, running, wait_for

# Starts all of Airflow, and waits for what it takes Airflow to notice a death.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]

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
        begun = self._ask(f"{dag}/dagRuns", "POST", {"logical_date": None})
        return str(begun["dag_run_id"])

    def clear(self, dag: str, run_id: str) -> None:
        """Let all tasks of a run be done anew."""
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
        told = file_of(Settings(data_dir=self.stack.data_dir), f"transform.{run_id}.build")
        wait_for(lambda: told.exists() and len(told.read_text().splitlines()) > 1, PATIENCE)
        holder = holder_of(self.stack.data_dir)
        assert holder
        return run_id, holder.pid

    def _ask(self, path: str, method: str = "GET", body: Any = None) -> dict[str, Any]:
        answer = self.stack.ask(f"/api/v2/dags/{path}", "admin", method=method, body=body)
        assert answer.status < 300, answer.data
        told: dict[str, Any] = answer.json()
        return told


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """A stack whose first day was lived, set off by `ingest` alone."""
    dags = tmp_path_factory.mktemp("dags")
    for name in ("ingest", "transform"):
        shutil.copy(DAGS / f"{name}.py", dags)
    with running(
        tmp_path_factory.mktemp("stack"), MOOVITAMIX_STACK_DAGS=str(dags), **SOONER
    ) as stack:
        lived = Day(stack)
        for dag in ("ingest", "transform"):
            wait_for(lambda dag=dag: stack.ask(f"/api/v2/dags/{dag}", "admin").status == 200)  # type: ignore[misc]
        assert lived.outcome("ingest", lived.trigger("ingest")) == "success"
        wait_for((stack.data_dir / "marts.duckdb").exists, PATIENCE)
        lived.until_quiet()
        yield lived


def test_two_runs_at_once_take_turns(day: Day) -> None:
    before = day.version()
    runs = [day.trigger("transform") for _ in range(2)]
    assert [day.outcome("transform", run) for run in runs] == ["success", "success"]
    first, second = (day.task("transform", run, "build") for run in runs)
    assert first["end_date"] <= second["start_date"]
    assert day.version() >= before + 2


def test_a_worker_killed_while_dbt_writes_is_replaced_and_the_build_starts_over(day: Day) -> None:
    before = day.version()
    run, worker = day.in_mid_build()
    os.kill(worker, signal.SIGKILL)
    assert day.outcome("transform", run) == "success"
    assert day.task("transform", run, "build")["try_number"] == 2
    assert day.version() > before


def test_a_scheduler_killed_in_mid_run_is_started_anew_and_the_run_ends(day: Day) -> None:
    before = day.version()
    run, _ = day.in_mid_build()
    _kill(day.stack, "airflow scheduler", signal.SIGKILL)
    assert _ended_well(day, run)
    assert day.version() > before


def test_a_database_restarted_in_mid_run_costs_no_more_than_clearing_the_run(day: Day) -> None:
    before = day.version()
    run, _ = day.in_mid_build()
    _kill(day.stack, "/postgres -D", signal.SIGINT)
    wait_for(lambda: _is_well(day.stack))
    assert _ended_well(day, run)
    assert day.version() > before


def _ended_well(day: Day, run: str) -> bool:
    """Whether the run ends well, at most after a person cleared it."""
    if day.outcome("transform", run) == "success":
        return True
    day.clear("transform", run)
    time.sleep(2)
    return day.outcome("transform", run) == "success"


def _is_well(stack: RunningStack) -> bool:
    health = stack.ask("/api/v2/monitor/health")
    return health.status == 200 and all(
        part["status"] == "healthy" for part in health.json().values()
    )


def _kill(stack: RunningStack, words: str, how: signal.Signals) -> None:
    """End the oldest of the stack's processes of such a command."""
    pids = [int(one.split()[0]) for one in left_of(stack.data_dir) if words in one]
    assert pids
    os.kill(min(pids), how)
