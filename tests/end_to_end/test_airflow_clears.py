"""In the running stack, what is cleared is run: by the same call that the UI makes."""

from collections.abc import Iterator

import duckdb
import pytest

from tests.support.stack.running import wait_for
from tests.support.stack.two_dags import PATIENCE, Day, first_day

# Starts all of Airflow, and runs a day.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]

FACT = "marts.fact_listen_history.run"


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with first_day(tmp_path_factory.mktemp("stack")) as day_run:
        yield day_run


@pytest.fixture(scope="module")
def run(day: Day) -> str:
    """A run of `transform` that ended well."""
    run = day.trigger("transform")
    assert day.outcome("transform", run) == "success"
    return run


def _cleared(day: Day, run: str, *tasks: str, downstream: bool = False) -> list[set[object]]:
    """Clear, wait for a good end; return the nodes of each build of marts since."""
    before, published = day.builds(), day.published()
    day.clears(run, *tasks, downstream=downstream)
    assert day.outcome("transform", run) == "success"
    assert len(day.published() - published) == 1
    return [nodes for one, nodes in day.builds().items() if one not in before]


@pytest.mark.parametrize("downstream", [False, True])
def test_a_model_cleared_after_success_is_built_once_and_published(
    day: Day, run: str, downstream: bool
) -> None:
    (nodes,) = _cleared(day, run, FACT, downstream=downstream)
    assert {"fact_listen_history", "dim_tracks", "sessions_are_whole"} <= nodes
    assert "int_sessions" not in nodes


def test_two_cleared_at_once_are_built_once(day: Day, run: str) -> None:
    (nodes,) = _cleared(day, run, "marts.dim_tracks_history.run", "marts.dim_users_history.run")
    assert {"dim_tracks_history", "dim_users_history", "dim_tracks", "dim_users"} <= nodes


def test_a_model_cleared_while_the_build_runs_is_built_after_it(day: Day) -> None:
    before = day.builds()
    run = day.trigger("transform")
    wait_for(lambda: day.states(run)["marts.int_sessions.run"] == "success", PATIENCE)
    day.clears(run, "marts.int_sessions.run", downstream=True)
    assert day.outcome("transform", run) == "success"
    first, second = (nodes for one, nodes in day.builds().items() if one not in before)
    assert "int_sessions" in first & second
    build, again = (day.task("transform", run, one) for one in ("build", "marts.int_sessions.run"))
    assert (build["try_number"], again["try_number"]) == (1, 2)


def test_after_a_failure_whose_cause_is_gone_the_whole_is_built_and_published(
    day: Day,
) -> None:
    with duckdb.connect(day.stack.data_dir / "build.duckdb") as built:
        built.execute("update dim_tracks set name = null")
    run = day.trigger("transform")
    assert day.outcome("transform", run) == "failed"
    assert day.states(run)["publish"] == "upstream_failed"
    red = [one for one, state in day.states(run).items() if state == "failed"]
    drawn = [one for one in red if one.startswith("marts.")]
    (nodes,) = _cleared(day, run, *drawn, downstream=True)
    assert {"stg_raw__tracks", "int_sessions", "dim_tracks"} <= nodes
    assert set(day.states(run)) - {"build"} == {
        one for one, state in day.states(run).items() if state == "success"
    }
