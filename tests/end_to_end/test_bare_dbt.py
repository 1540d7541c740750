"""dbt alone, from the root, says of a lake what a run says of it."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from orchestration.run.settings import ROOT
from tests.support.corruptions import halved
from tests.support.installation import DAY_1, Installation
from tests.support.living_app import records_after
from tests.support.original_api import OriginalApi, serving

# Each runs days by both; that a bare build works at all is in test_first_day.py.
pytestmark = pytest.mark.slow

LATE = datetime(2026, 3, 20, 21)


def bare(installation: Installation, as_of: datetime, *words: str) -> int:
    """Run dbt as at a prompt; its exit code."""
    done = subprocess.run(
        [Path(sys.executable).with_name("dbt"), *words, "--project-dir", "dbt_project"],
        cwd=ROOT,
        env=installation.environment() | {"MOOVITAMIX_AS_OF": as_of.isoformat()},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode


def results_of(installation: Installation, artifact: str) -> dict[str, str]:
    """The status of each node in dbt's artifact, without hooks."""
    path = installation.data_dir / "dbt" / "target" / artifact
    results = {one["unique_id"]: one["status"] for one in json.loads(path.read_text())["results"]}
    return {name: status for name, status in results.items() if name.split(".")[0] != "operation"}


def statuses_of_run(installation: Installation) -> dict[str, str]:
    """The status of each node in the newest run's build, without hooks and unit tests."""
    rows = [row for row in installation.ops("dbt_results") if row["command"] == "build"]
    newest = max(str(row["run_id"]) for row in rows)
    return {
        str(row["node_id"]): str(row["status"])
        for row in rows
        if row["run_id"] == newest and row["resource_type"] not in {"operation", "unit_test"}
    }


def without_unit_tests(results: dict[str, str]) -> dict[str, str]:
    return {name: status for name, status in results.items() if name.split(".")[0] != "unit_test"}


def test_a_good_day_is_good_for_both(day_1: Installation) -> None:
    statuses = statuses_of_run(day_1)
    assert bare(day_1, DAY_1, "source", "freshness") == 0
    assert set(results_of(day_1, "sources.json").values()) == {"pass"}
    assert bare(day_1, DAY_1, "build") == 0
    assert without_unit_tests(results_of(day_1, "run_results.json")) == statuses
    assert "version 2" in day_1.does("publish")


def test_an_app_that_stands_still_is_stale_for_both(day_1: Installation) -> None:
    with serving(OriginalApi(records_after(3))) as api:
        day_1.fails("run", "--api-url", api.url, "--as-of", LATE.isoformat())
    statuses = {
        f"source.moovitamix.{row['table_name']}": row["status"]
        for row in day_1.ops("table_freshness")
        if row["place"] == "source" and row["as_of"] == LATE
    }
    assert "error" in statuses.values()
    assert bare(day_1, LATE, "source", "freshness") == 1
    assert results_of(day_1, "sources.json") == statuses


def test_a_lake_that_lost_records_fails_the_same_tests_for_both(day_1: Installation) -> None:
    halved(day_1.data_dir)
    day_1.fails("build", "--full-refresh")
    statuses = statuses_of_run(day_1)
    assert "fail" in statuses.values()
    assert bare(day_1, DAY_1, "build", "--full-refresh") == 1
    assert without_unit_tests(results_of(day_1, "run_results.json")) == statuses
    assert "its last build failed" in day_1.fails("publish")
