"""A build to go on from, and a dbt project to be changed."""

import shutil
from pathlib import Path

import pytest

from tests.support.emptied import emptied, refilled
from tests.support.lake import Lake
from tests.support.loads import FIRST
from tests.support.warehouse import ROOT, Warehouse


@pytest.fixture(scope="session")
def first_day(data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after the build of the first load, only to be copied."""
    Lake(emptied(data_home)).add(FIRST)
    Warehouse(data_home).build()
    kept = tmp_path_factory.mktemp("first_day") / "data"
    shutil.copytree(data_home, kept)
    return kept


@pytest.fixture
def built(first_day: Path, data_dir: Path) -> Warehouse:
    """A copy of it."""
    refilled(data_dir, first_day)
    return Warehouse(data_dir)


@pytest.fixture(scope="session")
def project_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One address for all changed projects, so that dbt parses only what changed."""
    return tmp_path_factory.mktemp("project") / "dbt_project"


@pytest.fixture
def project(project_home: Path) -> Path:
    """A copy of the dbt project, to be changed."""
    for path in project_home.iterdir() if project_home.exists() else ():
        if path.name != "target":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(
        ROOT / "dbt_project",
        project_home,
        ignore=shutil.ignore_patterns("target", "logs"),
        copy_function=shutil.copy,  # new times: dbt takes a file that is no newer for unchanged
        dirs_exist_ok=True,
    )
    return project_home
