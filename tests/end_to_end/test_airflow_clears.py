"""In the running stack, what is cleared is run: by the same call that the UI makes."""

import shutil
from collections.abc import Iterator

import duckdb
import pytest

from tests.end_to_end.test_airflow_recovers import PATIENCE, SOONER, Day
from tests.support.airflow_home import DAGS
from tests.support.installation import Installation
from tests.support.stack.running import running, wait_for

# Starts all of Airflow, and lives a day.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]

FACT = "marts.fact_listen_history.run"


class Clearing(Day):
    """A person who clears tasks and looks at what became of it."""

    def clears(self, run: str, *tasks: str, downstream: bool = False) -> None:
        """Clear tasks of a run of `transform`."""
        chosen = {"dag_run_id": run, "task_ids": list(tasks), "include_downstream": downstream}
        body = {"dry_run": False, "only_failed": False, **chosen}
        self._ask("transform/clearTaskInstances", "POST", body)

    def states(self, run: str) -> dict[str, str]:
        """How each task of a run of `transform` stands."""
        told = self._ask(f"transform/dagRuns/{run}/taskInstances?limit=200")
        return {one["task_id"]: one["state"] for one in told["task_instances"]}

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


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clearing]:
    dags = tmp_path_factory.mktemp("dags")
    for name in ("ingest", "transform"):
        shutil.copy(DAGS / f"{name}.py", dags)
    with running(
        tmp_path_factory.mktemp("stack"), MOOVITAMIX_STACK_DAGS=str(dags), **SOONER
    ) as stack:
        lived = Clearing(stack)
        for dag in ("ingest", "transform"):
            wait_for(lambda dag=dag: stack.ask(f"/api/v2/dags/{dag}", "admin").status == 200)  # type: ignore[misc]
        assert lived.outcome("ingest", lived.trigger("ingest")) == "success"
        wait_for((stack.data_dir / "marts.duckdb").exists, PATIENCE)
        lived.until_quiet()
        yield lived


@pytest.fixture(scope="module")
def run(day: Clearing) -> str:
    """A run of `transform` that ended well."""
    run = day.trigger("transform")
    assert day.outcome("transform", run) == "success"
    return run


def _cleared(day: Clearing, run: str, *tasks: str, downstream: bool = False) -> list[set[object]]:
    """Clear, wait for a good end; return the nodes of each build of marts since."""
    before, published = day.builds(), day.published()
    day.clears(run, *tasks, downstream=downstream)
    assert day.outcome("transform", run) == "success"
    assert len(day.published() - published) == 1
    return [nodes for one, nodes in day.builds().items() if one not in before]


@pytest.mark.parametrize("downstream", [False, True])
def test_a_model_cleared_after_success_is_built_once_and_published(
    day: Clearing, run: str, downstream: bool
) -> None:
    (nodes,) = _cleared(day, run, FACT, downstream=downstream)
    assert {"fact_listen_history", "dim_tracks", "sessions_are_whole"} <= nodes
    assert "sessions" not in nodes


def test_two_cleared_at_once_are_built_once(day: Clearing, run: str) -> None:
    (nodes,) = _cleared(day, run, "marts.dim_tracks_history.run", "marts.dim_users_history.run")
    assert {"dim_tracks_history", "dim_users_history", "dim_tracks", "dim_users"} <= nodes


def test_a_model_cleared_while_the_build_runs_is_built_after_it(day: Clearing) -> None:
    before = day.builds()
    run = day.trigger("transform")
    wait_for(lambda: day.states(run)["marts.sessions.run"] == "success", PATIENCE)
    day.clears(run, "marts.sessions.run", downstream=True)
    assert day.outcome("transform", run) == "success"
    first, second = (nodes for one, nodes in day.builds().items() if one not in before)
    assert "sessions" in first & second
    build, again = (day.task("transform", run, one) for one in ("build", "marts.sessions.run"))
    assert (build["try_number"], again["try_number"]) == (1, 2)


def test_after_a_failure_whose_cause_is_gone_the_whole_is_built_and_published(
    day: Clearing,
) -> None:
    with duckdb.connect(day.stack.data_dir / "build.duckdb") as built:
        built.execute("update dim_tracks set name = null")
    run = day.trigger("transform")
    assert day.outcome("transform", run) == "failed"
    assert day.states(run)["publish"] == "upstream_failed"
    red = [one for one, state in day.states(run).items() if state == "failed"]
    drawn = [one for one in red if one.startswith("marts.")]
    (nodes,) = _cleared(day, run, *drawn, downstream=True)
    assert {"stg_tracks", "sessions", "dim_tracks"} <= nodes
    assert set(day.states(run)) - {"build"} == {
        one for one, state in day.states(run).items() if state == "success"
    }
