"""The day by Airflow: each DAG run for real, with the same end as `moovitamix run`."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest

from orchestration.run.settings import Settings
from orchestration.steps.simulator_process import embedded_source
from tests.support.airflow_day import AirflowDay
from tests.support.checksums import LAKE_BOUND, checksums, require_rows
from tests.support.installation import DAY_1, DAY_2, Installation

# The first test waits for a whole day; a machine with other work is slow at it.
pytestmark = pytest.mark.timeout(1_800)


def test_a_day_ends_well_with_every_task(
    day_run_by_airflow: tuple[AirflowDay, list[dict[str, Any]]],
) -> None:
    _, ends = day_run_by_airflow
    assert {end["dag"]: end["state"] for end in ends} == dict.fromkeys(
        ("ingest", "transform"), "success"
    )
    transform = ends[1]["tasks"]
    assert len(transform) > 50
    assert set(transform.values()) == {"success"}


def test_a_day_by_airflow_and_by_the_command_line_give_the_same_marts(
    day_run: tuple[Installation, str],
    day_run_by_airflow: tuple[AirflowDay, list[dict[str, Any]]],
) -> None:
    by_command, by_airflow = day_run[0], day_run_by_airflow[0].installation
    sums = [
        {
            table: sum_
            for table, sum_ in checksums(one.marts, leave_out=LAKE_BOUND).items()
            if table.split(".")[1].startswith(("dim_", "fact_"))
        }
        for one in (by_command, by_airflow)
    ]
    assert len(sums[0]) == 6
    require_rows(sums[0])
    assert sums[0] == sums[1]


def test_both_tell_one_story_of_their_runs(
    day_run_by_airflow: tuple[AirflowDay, list[dict[str, Any]]],
) -> None:
    installation = day_run_by_airflow[0].installation
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
        monitored = file.sql("select distinct step from pipeline_steps where outcome = 'succeeded'")
        assert {"ingest", "build", "publish"} <= {step for (step,) in monitored.fetchall()}
        rates = file.sql("select step, success_rate from task_rates where command like 'airflow %'")
        assert {("ingest", 1.0), ("publish", 1.0)} <= set(rates.fetchall())
    assert (installation.data_dir / "report.html").stat().st_size > 10_000


def test_recommendations_follow_the_marts(day_by_airflow: AirflowDay) -> None:
    ends = day_by_airflow.does("features", "train", "recommend", MOOVITAMIX_MODEL="item-knn")
    assert {end["dag"]: end["state"] for end in ends} == dict.fromkeys(
        ("features", "train", "recommend"), "success"
    )


def test_a_model_that_is_cleared_by_itself_is_built_tested_and_published(
    day_by_airflow: AirflowDay,
) -> None:
    """In a running stack, with all that a person may clear: test_airflow_clears.py."""
    installation = day_by_airflow.installation
    before, invocations = checksums(installation.marts), _invocations(installation)
    with duckdb.connect(installation.build_file) as built:
        built.execute("delete from fact_listen_history")
    end = day_by_airflow.clears("transform", "marts.fact_listen_history.run")
    assert end["state"] == "success"
    assert [name for name, (_, tries) in end["tasks"].items() if tries > 1] == [
        "marts.fact_listen_history.run"
    ]
    (nodes,) = [
        nodes for one, nodes in _invocations(installation).items() if one not in invocations
    ]
    assert {"fact_listen_history", "dim_tracks", "sessions_are_whole"} <= nodes
    assert not {"int_sessions", "stg_raw__listen_history"} & nodes
    assert checksums(installation.marts) == before
    assert installation.ask("select version from publication") == [(2,)]


def _invocations(installation: Installation) -> dict[object, set[object]]:
    """By the id of each build by dbt, the names of its nodes."""
    builds: dict[object, set[object]] = {}
    for row in installation.ops("dbt_results"):
        if row["command"] == "build":
            builds.setdefault(row["invocation_id"], set()).add(row["node_name"])
    return builds


def test_an_audit_ends_well_and_finds_all_of_an_api_that_is_well(
    day_by_airflow: AirflowDay,
) -> None:
    installation = day_by_airflow.installation
    with (
        patch.dict(os.environ, installation.environment()),
        embedded_source(Settings(data_dir=installation.data_dir, as_of=DAY_2)) as source,
    ):
        source.wait_until_it_answers()
        ends = day_by_airflow.does("api_health", "audit", at=DAY_2, MOOVITAMIX_API_URL=source.url)
    assert {end["dag"]: end["state"] for end in ends} == dict.fromkeys(
        ("api_health", "audit"), "success"
    )
    assert {row["outcome"] for row in installation.ops("api_health")} == {"ok"}
    assert installation.ask("select version from publication") == [(2,)]


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_a_day_filled_in_later_and_a_month_caught_up_equal_a_rebuild(
    airflow_home: Path, data_dir: Path
) -> None:
    """Days come out of order and one is missing until last; a build from the start agrees."""
    day = AirflowDay(Installation(data_dir), airflow_home)
    clocks = [datetime(2026, 3, number, 21) for number in (*range(2, 20), *range(21, 31), 20)]
    ends = day.runs_day(*clocks)
    assert [end["state"] for end in ends] == ["success"] * 2 * len(clocks)
    increments = checksums(day.installation.marts)
    day.installation.does("build", "--full-refresh")
    day.installation.does("publish")
    assert checksums(day.installation.marts) == increments
