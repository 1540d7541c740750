"""What fails under Airflow ends as docs/airflow.md says, and one documented action mends it.

A run that is cleared is a run by the same clock again: `dag.test()` clears before it begins.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from tests.support.airflow_day import AirflowDay
from tests.support.checksums import checksums
from tests.support.corruptions import halved
from tests.support.installation import DAY_1, DAY_2, Installation
from tests.support.living_app import clock, records_after
from tests.support.original_api import OriginalApi, serving

# Each runs a day and a half. That a day ends well is in every run: test_airflow_day.py.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]

AT_ONCE = {"MOOVITAMIX_SCHEDULE_RETRY_DELAY": "PT0.1S"}
# Fails the tests of two models, in the middle of the graph; of one, at its end.
ONE_LISTEN_TOO_MANY = """
    insert into fact_listen_history by name
    select * replace (99 as session_position) from fact_listen_history limit 1
"""
NO_NAMES = "update dim_tracks set name = null"


def _in_the_build(sql: str) -> Callable[[AirflowDay], None]:
    def change(day: AirflowDay) -> None:
        with duckdb.connect(day.installation.build_file) as built:
            built.execute(sql)

    return change


def _in_the_lake(day: AirflowDay) -> None:
    lake = day.installation.data_dir / "lake"
    shutil.copytree(lake, lake.with_name("lake.whole"))
    halved(day.installation.data_dir)


def _mended(day: AirflowDay) -> None:
    """What was taken from the lake is back, as from a backup; the rest mends itself."""
    whole = day.installation.data_dir / "lake.whole"
    if whole.exists():
        shutil.rmtree(whole.with_name("lake"))
        whole.rename(whole.with_name("lake"))


@pytest.mark.parametrize(
    ("spoil", "test", "stands_at"),
    [
        (_in_the_build(ONE_LISTEN_TOO_MANY), "sessions_are_whole", "fact_listen_history"),
        (_in_the_build(NO_NAMES), "most_tracks_have_a_name", "dim_tracks"),
        (_in_the_lake, "every_session_record_is_accounted_for", "quarantine_listen_history"),
    ],
)
def test_a_failing_test_is_red_where_it_stands_and_nothing_after_it_runs(
    day_by_airflow: AirflowDay, spoil: Callable[[AirflowDay], None], test: str, stands_at: str
) -> None:
    before = checksums(day_by_airflow.installation.marts)
    day_by_airflow.does("ingest", at=DAY_2)
    spoil(day_by_airflow)
    (end,) = day_by_airflow.does("transform", at=DAY_2)
    failed = {task for task, state in end["tasks"].items() if state == "failed"}
    assert end["state"] == "failed"
    assert {"build", f"marts.{stands_at}.test"} <= failed
    assert {end["tasks"][task] for task in ("publish", "published")} == {"upstream_failed"}
    assert end["tasks"]["monitor"] == "success"
    assert checksums(day_by_airflow.installation.marts) == before
    (alert,) = day_by_airflow.alerts()
    assert test in str(alert)

    _mended(day_by_airflow)
    (cleared,) = day_by_airflow.does("transform", at=DAY_2)
    assert cleared["state"] == "success"
    assert set(cleared["tasks"].values()) == {"success"}
    _both_days_are_there(day_by_airflow)


def test_an_api_that_is_down_is_asked_again_and_told_once(day_by_airflow: AirflowDay) -> None:
    nowhere = {"MOOVITAMIX_API_URL": "http://127.0.0.1:9"}
    looked, pulled = day_by_airflow.does("api_health", "ingest", at=DAY_2, **nowhere, **AT_ONCE)
    assert (looked["state"], looked["tasks"]) == ("failed", {"ask": "failed"})
    assert (pulled["state"], pulled["tasks"]["pull"]) == ("failed", "failed")
    tries = [
        row
        for row in day_by_airflow.installation.ops("runs")
        if (row["event"], row["outcome"]) == ("finished", "failed")
    ]
    assert len(tries) == 4
    alerts = [(alert["kind"], alert["command"]) for alert in day_by_airflow.alerts()]
    assert alerts == [("ApiDown", "airflow api_health"), ("ApiDown", "airflow ingest")]
    assert {end["state"] for end in day_by_airflow.does("ingest", "transform", at=DAY_2)} == {
        "success"
    }
    _both_days_are_there(day_by_airflow)


def test_what_the_gate_refuses_is_not_asked_for_again(airflow_home: Path, data_dir: Path) -> None:
    day = AirflowDay(Installation(data_dir), airflow_home)
    with serving(OriginalApi(records_after(2), knows_windows=True)) as api:
        given = {"MOOVITAMIX_API_URL": api.url, **AT_ONCE}
        good = api.records["users"]
        api.records["users"] = [user | {"email": None} for user in good]
        (end,) = day.does("ingest", at=clock(1), **given)
        assert (end["state"], end["tasks"]["pull"]) == ("failed", "failed")
        (alert,) = day.alerts()
        assert alert["kind"] == "LoadRefused"
        ended = [row for row in day.installation.ops("runs") if row["event"] == "finished"]
        assert [row["outcome"] for row in ended] == ["failed"]

        api.records["users"] = good
        ends = day.does("ingest", "transform", at=clock(1), **given)
    assert [one["state"] for one in ends] == ["success", "success"]
    users = "select count(*) from dim_users where not is_inferred"
    assert day.installation.ask(users) == [(len(good),)]


def test_somebody_who_holds_the_build_file_is_told_of_and_waited_for(
    day_by_airflow: AirflowDay,
) -> None:
    before = checksums(day_by_airflow.installation.marts)
    day_by_airflow.does("ingest", at=DAY_2)
    with _held(day_by_airflow.installation.build_file):
        (end,) = day_by_airflow.does("transform", at=DAY_2, **AT_ONCE)
    assert (end["state"], end["tasks"]["build"]) == ("failed", "failed")
    (alert,) = day_by_airflow.alerts()
    assert alert["kind"] == "BuildFileInUse"
    assert checksums(day_by_airflow.installation.marts) == before
    (cleared,) = day_by_airflow.does("transform", at=DAY_2)
    assert cleared["state"] == "success"
    _both_days_are_there(day_by_airflow)


def test_a_full_disk_stops_the_day_and_loses_nothing(
    day_by_airflow: AirflowDay, small_disk: Path
) -> None:
    installation = day_by_airflow.installation.copy(small_disk / "data")
    day = AirflowDay(installation, day_by_airflow.home)
    before = checksums(installation.marts)
    assert day.does("ingest", at=DAY_2)[0]["state"] == "success"
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(small_disk).free - 600_000))
    (end,) = day.does("transform", at=DAY_2, **AT_ONCE)
    assert end["state"] == "failed"
    assert checksums(installation.marts) == before
    ballast.unlink()
    (cleared,) = day.does("transform", at=DAY_2)
    assert cleared["state"] == "success"
    _both_days_are_there(day)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that can be filled."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only who may mount a disk can fill one")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@contextmanager
def _held(file: Path) -> Iterator[None]:
    """An analyst's shell has the file open."""
    opened = "import duckdb, sys; held = duckdb.connect(sys.argv[1], read_only=True)"
    command = [sys.executable, "-c", f"{opened}; print(1, flush=True); sys.stdin.read()", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        assert shell.stdout
        shell.stdout.readline()
        yield
        shell.communicate()


def _both_days_are_there(day: AirflowDay) -> None:
    days = day.installation.ask("select distinct load_date from fact_listen_history order by 1")
    assert days == [(DAY_1.date(),), (DAY_2.date(),)]
