"""A day's run, by the command line and by Airflow, which tests copy and continue."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.support.airflow_day import AirflowDay
from tests.support.airflow_home import drawn, python
from tests.support.emptied import emptied
from tests.support.installation import DAY_1, Installation


@pytest.fixture(scope="session")
def day_run(data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Installation, str]:
    """Return an installation after its first `run`, only to be copied, and what it printed.

    The first worker that needs it runs it, for the other too. What it printed names
    the folder where it is kept, in place of the one where it ran.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    kept, output = Installation(shared / "day_run"), shared / "day_run.txt"
    with FileLock(shared / "day_run.lock"):
        if not output.exists():
            installation = Installation(emptied(data_home))
            printed = installation.does("run", "--as-of", DAY_1.isoformat())
            installation.copy(kept.data_dir)
            output.write_text(printed.replace(str(installation.data_dir), str(kept.data_dir)))
    return kept, output.read_text()


@pytest.fixture
def day_1(day_run: tuple[Installation, str], data_dir: Path) -> Installation:
    """Return a copy of the installation after its first day."""
    return day_run[0].copy(data_dir)


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory, data_home: Path) -> Path:
    """Airflow's tables, made once."""
    drawn(data_home)
    home = tmp_path_factory.mktemp("airflow")
    migrated = "from airflow.utils import db; db.initdb()"
    python(home, migrated)
    return home


@pytest.fixture(scope="session")
def day_run_by_airflow(
    airflow_home: Path, data_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[AirflowDay, list[dict[str, Any]]]:
    """A first day, from the pull to the published marts, only to be copied; and how it ended."""
    day = AirflowDay(Installation(emptied(data_home)), airflow_home)
    ends = day.does("ingest", "transform")
    kept = day.installation.copy(tmp_path_factory.mktemp("by_airflow") / "data")
    return AirflowDay(kept, airflow_home), ends


@pytest.fixture
def day_by_airflow(
    day_run_by_airflow: tuple[AirflowDay, list[dict[str, Any]]], data_dir: Path, tmp_path: Path
) -> AirflowDay:
    """A copy of the installation after that day, with tables of its own."""
    day_run, _ = day_run_by_airflow
    home = tmp_path / "airflow"
    shutil.copytree(day_run.home, home)
    return AirflowDay(day_run.installation.copy(data_dir), home)
