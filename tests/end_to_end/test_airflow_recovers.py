"""The running stack, hurt in mid-build: the day ends right, by itself or when cleared."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.support.stack.running import RunningStack, left_of, wait_for
from tests.support.stack.two_dags import Day, first_day

# Starts all of Airflow, and waits for what it takes Airflow to notice a death.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with first_day(tmp_path_factory.mktemp("stack")) as day_run:
        yield day_run


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
