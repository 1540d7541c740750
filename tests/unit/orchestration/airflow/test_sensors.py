"""When a watcher of dbt's nodes ends, and how."""

import time
from dataclasses import dataclass
from uuid import UUID

import pytest
import uuid6
from hypothesis import given
from hypothesis import strategies as st

from orchestration.airflow.sensors import (
    AHEAD_SECONDS,
    accepted,
    failure_of,
    must_lead,
    since_of,
)
from orchestration.run.progress import Heading, NodeResult, Progress

GOOD, BAD = NodeResult("pass"), NodeResult("fail", "Got 2 results")


def progress(*, is_live: bool, **nodes: NodeResult) -> Progress:
    return Progress(nodes, is_live=is_live)


def test_a_watcher_waits_for_all_of_its_nodes() -> None:
    assert failure_of(progress(is_live=True, a=GOOD), ["a", "b"], None) is None
    assert failure_of(progress(is_live=True, a=GOOD, b=NodeResult("warn")), ["a", "b"], None) == ""


def test_one_bad_node_ends_it_at_once_and_is_named() -> None:
    failure = failure_of(progress(is_live=True, a=BAD), ["a", "b"], None)
    assert failure == "a: fail Got 2 results"


@pytest.mark.parametrize("state", [None, "scheduled", "queued", "running", "up_for_retry"])
def test_what_an_earlier_try_left_says_nothing(state: str | None) -> None:
    assert failure_of(progress(is_live=False, a=BAD), ["a"], state) is None


@pytest.mark.parametrize("state", ["success", "failed", "upstream_failed", "skipped"])
def test_nodes_that_dbt_never_came_to_are_not_well(state: str) -> None:
    assert failure_of(progress(is_live=False, a=GOOD), ["a"], state) == ""
    failure = failure_of(progress(is_live=False, a=GOOD), ["a", "b"], state)
    assert failure == "dbt never came to b"


@pytest.mark.parametrize("status", ["error", "skipped", "runtime error"])
def test_what_was_skipped_or_broke_is_not_well(status: str) -> None:
    assert failure_of(progress(is_live=True, a=NodeResult(status)), ["a"], None) == f"a: {status}"


@dataclass
class Cleared:
    """A try of a task, made at an instant: of milliseconds, as Airflow's ids are."""

    at: int
    try_number: int = 2
    dag_id: str = "transform"
    run_id: str = "run"
    task_id: str = "marts.a.run"

    @property
    def id(self) -> UUID:
        return UUID(int=self.at << 80 | 7 << 76 | 2 << 62 | 12345)


def built(began: float, *nodes: str, is_live: bool = False) -> Progress:
    """A build of all of its part, or of some nodes, where all went well."""
    heading = Heading("build", began, frozenset(nodes) if nodes else None)
    return Progress({"a": GOOD}, is_live, heading)


def test_the_id_of_a_try_says_when_it_was_made() -> None:
    assert since_of(Cleared(1_790_000_000_123)) == 1_790_000_000.123 - AHEAD_SECONDS


def test_a_build_that_begins_at_once_counts_for_all_tasks_of_a_run_however_many() -> None:
    ids = [uuid6.uuid7() for _ in range(300)]  # in a few milliseconds
    began = time.time()
    assert max(one.int >> 80 for one in ids) / 1000 > began
    assert all(built(began).answers(["a"], since_of(Cleared(one.int >> 80, 1))) for one in ids)


@given(st.integers(0, 2**40), st.integers(0, 2**40), st.booleans(), st.integers(1, 5))
def test_no_task_is_green_for_a_build_that_began_before_its_try(
    cleared: int, began: int, is_live: bool, tries: int
) -> None:
    task, progress = Cleared(cleared, tries), built(began / 1000, is_live=is_live)
    failure = failure_of(accepted(progress, task, ["a"]), ["a"], "success")
    assert (failure == "") == (began >= cleared - 1000 * AHEAD_SECONDS)


@given(st.integers(0, 2**40), st.booleans(), st.sampled_from(["success", "failed", None]))
def test_only_a_task_that_was_cleared_builds(at: int, is_live: bool, state: str | None) -> None:
    progress = built(at / 1000 - 1, is_live=is_live)
    assert not must_lead(progress, Cleared(at, try_number=1), ["a"], state)


@pytest.mark.parametrize("state", ["success", "failed", "upstream_failed"])
def test_a_task_cleared_by_itself_builds_whatever_became_of_the_build_before(state: str) -> None:
    assert must_lead(built(1), Cleared(2_900), ["a"], state)


@pytest.mark.parametrize("state", [None, "scheduled", "queued", "running", "up_for_retry"])
def test_a_task_cleared_with_its_build_waits_for_that_build(state: str | None) -> None:
    assert not must_lead(built(1), Cleared(2_900), ["a"], state)
    assert failure_of(accepted(built(1), Cleared(2_900), ["a"]), ["a"], state) is None


def test_a_task_cleared_while_the_build_runs_wants_another() -> None:
    assert must_lead(built(1, is_live=True), Cleared(2_900), ["a"], "running")
    assert not must_lead(built(3, is_live=True), Cleared(2_900), ["a"], "running")


def test_a_build_of_other_nodes_is_none_of_a_cleared_task() -> None:
    assert must_lead(built(3, "b"), Cleared(2_900), ["a"], "success")
    assert not must_lead(built(3, "a", "b"), Cleared(2_900), ["a"], "success")
