"""The day by Airflow: each DAG run for real, with the same end as `moovitamix run`."""

import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.airflow_home import DAGS, drawn, python
from tests.checksums import LAKE_BOUND, checksums
from tests.emptied import emptied
from tests.end_to_end.installation import DAY_1, DAY_2, Installation

# The first test waits for a whole day; a machine with other work is slow at it.
pytestmark = pytest.mark.timeout(1_800)

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
print(json.dumps(ends))
"""


@dataclass(frozen=True, slots=True)
class AirflowDay:
    """An installation whose days Airflow lives."""

    installation: Installation
    home: Path

    def does(self, *dags: str, at: datetime = DAY_1, **more: str) -> list[dict[str, Any]]:
        """Run DAGs one after another by the clock `at`; return how each ended."""
        words = [f"{dag}@{at.isoformat()}" for dag in dags]
        told = python(self.home, RUN, str(DAGS), *words, **self.installation.environment() | more)
        ends: list[dict[str, Any]] = json.loads(told.splitlines()[-1])
        return ends


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory, data_home: Path) -> Path:
    """Airflow's tables, made once."""
    drawn(data_home)
    home = tmp_path_factory.mktemp("airflow")
    migrated = "from airflow.utils import db; db.initdb()"
    python(home, migrated)
    return home


@pytest.fixture(scope="module")
def lived_by_airflow(
    airflow_home: Path, data_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[AirflowDay, list[dict[str, Any]]]:
    """A first day, from the pull to the published marts, only to be copied; and how it ended."""
    day = AirflowDay(Installation(emptied(data_home)), airflow_home)
    ends = day.does("ingest", "transform")
    kept = day.installation.copy(tmp_path_factory.mktemp("by_airflow") / "data")
    return AirflowDay(kept, airflow_home), ends


@pytest.fixture
def day_by_airflow(
    lived_by_airflow: tuple[AirflowDay, list[dict[str, Any]]], data_dir: Path, tmp_path: Path
) -> AirflowDay:
    """A copy of the installation after that day, with tables of its own."""
    lived, _ = lived_by_airflow
    home = tmp_path / "airflow"
    shutil.copytree(lived.home, home)
    return AirflowDay(lived.installation.copy(data_dir), home)


def test_a_day_ends_well_with_every_task(
    lived_by_airflow: tuple[AirflowDay, list[dict[str, Any]]],
) -> None:
    _, ends = lived_by_airflow
    assert {end["dag"]: end["state"] for end in ends} == dict.fromkeys(
        ("ingest", "transform"), "success"
    )
    transform = ends[1]["tasks"]
    assert len(transform) > 50
    assert set(transform.values()) == {"success"}


def test_a_day_by_airflow_and_by_the_command_line_give_the_same_marts(
    lived: tuple[Installation, str],
    lived_by_airflow: tuple[AirflowDay, list[dict[str, Any]]],
) -> None:
    by_command, by_airflow = lived[0], lived_by_airflow[0].installation
    sums = [
        {
            table: sum_
            for table, sum_ in checksums(one.marts, leave_out=LAKE_BOUND).items()
            if table.split(".")[1].startswith(("dim_", "fact_"))
        }
        for one in (by_command, by_airflow)
    ]
    assert len(sums[0]) == 5
    assert min(rows for rows, _ in sums[0].values()) > 0
    assert sums[0] == sums[1]


def test_both_tell_one_story_of_their_runs(
    lived_by_airflow: tuple[AirflowDay, list[dict[str, Any]]],
) -> None:
    installation = lived_by_airflow[0].installation
    runs = [row for row in installation.ops("runs") if row["event"] == "finished"]
    assert {row["outcome"] for row in runs} == {"succeeded"}
    assert {row["as_of"] for row in runs} == {DAY_1}
    by_run = {row["run_id"]: row["command"] for row in runs}
    steps = {
        (by_run[row["run_id"]], row["step"])
        for row in installation.ops("steps")
        if row["event"] == "finished"
    }
    assert steps >= {
        ("airflow ingest", "ingest"),
        ("airflow transform", "freshness"),
        ("airflow transform", "build"),
        ("airflow transform", "publish"),
    }
    with duckdb.connect(installation.data_dir / "monitoring.duckdb", read_only=True) as file:
        told = file.sql("select distinct step from pipeline_steps where outcome = 'succeeded'")
        assert {"ingest", "build", "publish"} <= {step for (step,) in told.fetchall()}
        rates = file.sql("select step, success_rate from task_rates where command like 'airflow %'")
        assert {("ingest", 1.0), ("publish", 1.0)} <= set(rates.fetchall())
    assert (installation.data_dir / "report.html").stat().st_size > 10_000


@pytest.mark.slow
def test_a_failing_test_is_red_where_it_stands_and_nothing_after_it_runs(
    day_by_airflow: AirflowDay,
) -> None:
    """A test of two models fails: listens that no session accounts for."""
    before = checksums(day_by_airflow.installation.marts)
    day_by_airflow.does("ingest", at=DAY_2)
    with duckdb.connect(day_by_airflow.installation.build_file) as built:
        built.execute(
            "insert into fact_listen_history by name select * replace (99 as session_position)"
            " from fact_listen_history limit 1"
        )
    (end,) = day_by_airflow.does("transform", at=DAY_2)
    failed = {task for task, state in end["tasks"].items() if state == "failed"}
    assert end["state"] == "failed"
    assert failed == {"build", "marts.fact_listen_history.test"}
    assert {end["tasks"][task] for task in ("publish", "published")} == {"upstream_failed"}
    assert end["tasks"]["monitor"] == "success"
    assert checksums(day_by_airflow.installation.marts) == before
    alerts = day_by_airflow.installation.data_dir / "logs" / "alerts.jsonl"
    (alert,) = [json.loads(line) for line in alerts.read_text().splitlines()]
    assert "sessions_are_whole" in json.dumps(alert)
    # recovered by running it again: a build that failed is built anew from the lake
    (again,) = day_by_airflow.does("transform", at=DAY_2.replace(hour=22))
    assert again["state"] == "success"
    assert day_by_airflow.installation.ask(
        "select count(distinct load_date) from fact_listen_history"
    ) == [(2,)]


@pytest.mark.slow
def test_an_api_that_is_down_fails_its_tasks_and_is_told(day_by_airflow: AirflowDay) -> None:
    nowhere = {"MOOVITAMIX_API_URL": "http://127.0.0.1:9"}
    (end,) = day_by_airflow.does("api_health", at=DAY_2, **nowhere)
    assert (end["state"], end["tasks"]) == ("failed", {"ask": "failed"})
    alerts = day_by_airflow.installation.data_dir / "logs" / "alerts.jsonl"
    (alert,) = [json.loads(line) for line in alerts.read_text().splitlines()]
    assert (alert["kind"], alert["command"]) == ("ApiDown", "airflow api_health")


@pytest.mark.slow
def test_recommendations_follow_the_marts(day_by_airflow: AirflowDay) -> None:
    ends = day_by_airflow.does("features", "train", "recommend")
    assert {end["dag"]: end["state"] for end in ends} == dict.fromkeys(
        ("features", "train", "recommend"), "success"
    )


@pytest.mark.slow
def test_an_audit_ends_well_and_finds_all(day_by_airflow: AirflowDay) -> None:
    (end,) = day_by_airflow.does("audit", at=DAY_2)
    assert end["state"] == "success"
    assert day_by_airflow.installation.ask("select version from publication")[0][0] == 4


@pytest.mark.slow
def test_a_day_filled_in_later_and_a_month_caught_up_equal_a_rebuild(
    airflow_home: Path, data_dir: Path
) -> None:
    """Days come out of order and one is missing until last; a build from the start agrees."""
    day = AirflowDay(Installation(data_dir), airflow_home)
    for number in (*range(2, 20), *range(21, 31), 20):
        clock = datetime(2026, 3, number, 21)
        ends = day.does("ingest", "transform", at=clock, MOOVITAMIX_RECOMMENDATIONS="false")
        assert [end["state"] for end in ends] == ["success", "success"]
    increments = checksums(day.installation.marts)
    day.installation.does("build", "--full-refresh")
    day.installation.does("publish")
    assert checksums(day.installation.marts) == increments
