"""When a watcher of dbt's nodes ends, and how."""

import pytest

from orchestration.dags.shared.watching import verdict
from orchestration.progress import Ended, Progress

GOOD, BAD = Ended("pass"), Ended("fail", "Got 2 results")


def progress(*, is_live: bool, **nodes: Ended) -> Progress:
    return Progress(nodes, is_live=is_live)


def test_a_watcher_waits_for_all_of_its_nodes() -> None:
    assert verdict(progress(is_live=True, a=GOOD), ["a", "b"], None) is None
    assert verdict(progress(is_live=True, a=GOOD, b=Ended("warn")), ["a", "b"], None) == ""


def test_one_bad_node_ends_it_at_once_and_is_named() -> None:
    told = verdict(progress(is_live=True, a=BAD), ["a", "b"], None)
    assert told == "a: fail Got 2 results"


@pytest.mark.parametrize("state", [None, "scheduled", "queued", "running", "up_for_retry"])
def test_what_an_earlier_try_left_says_nothing(state: str | None) -> None:
    assert verdict(progress(is_live=False, a=BAD), ["a"], state) is None


@pytest.mark.parametrize("state", ["success", "failed", "upstream_failed", "skipped"])
def test_nodes_that_dbt_never_came_to_are_not_well(state: str) -> None:
    assert verdict(progress(is_live=False, a=GOOD), ["a"], state) == ""
    told = verdict(progress(is_live=False, a=GOOD), ["a", "b"], state)
    assert told == "dbt never came to b"


@pytest.mark.parametrize("status", ["error", "skipped", "runtime error"])
def test_what_was_skipped_or_broke_is_not_well(status: str) -> None:
    assert verdict(progress(is_live=True, a=Ended(status)), ["a"], None) == f"a: {status}"
