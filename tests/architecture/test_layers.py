"""Folders meet only in tables, commands start at once, and nothing points to a private registry."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.run.settings import ROOT

HEAVY = ("airflow", "dbt", "dlt", "duckdb", "great_expectations", "mlflow", "pandas", "pyarrow")
# What a folder is made of, its modules may import at once: none is imported for help.
AT_HOME: dict[str, set[str]] = {
    "api": {"duckdb", "pandas", "pyarrow"},
    "ingestion": {"dlt", "duckdb", "pandas", "pyarrow"},
    "lake": {"pyarrow"},
    "ml": {"duckdb", "pandas", "pyarrow"},
    "orchestration": set(),
}
# By MLflow and by dbt, and by nothing of ours.
IMPORTED_BY_OTHERS = {
    "ml/registry/artifacts.py",
    "ml/registry/pyfunc.py",
    "orchestration/warehouse/engines/lake_plugin.py",
}
IMPORTED = """
import importlib, json, sys
for module in json.loads(sys.argv[1]):
    importlib.import_module(module)
print(json.dumps([name for name in sys.argv[2:] if name in sys.modules]))
"""
# The lock and the Makefile install from whatever index a machine is set up for.
INDEX = re.compile(
    r"--(?:extra-)?index-url|https?://[^\s\"']*/(?:simple|pypi)(?:/|\b)|files\.pythonhosted"
)

BELOW_ROOT = re.compile(r'\bROOT((?: / "[^"]+")+)')
BESIDE = re.compile(r'__file__\)\.(?:with_name\(|parent / )("[^"]+"(?: / "[^"]+")*)')
MADE_LATER = ("/data/bench", "/.env", "/COMMIT")


def test_the_layers_hold() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("folder", list(AT_HOME))
def test_no_module_imports_at_once_what_only_some_commands_need(folder: str) -> None:
    paths = [path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py")]
    modules = [
        ".".join(path.with_suffix("").parts)
        for path in paths
        if not path.stem.startswith("__")
        and not {"dags", "airflow"} & {*path.parts}  # Airflow alone reads these
        and str(path) not in IMPORTED_BY_OTHERS
    ]
    assert modules
    answer = subprocess.run(
        [sys.executable, "-c", IMPORTED, json.dumps(modules), *HEAVY],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(json.loads(answer.stdout)) <= AT_HOME[folder]


def test_no_module_asks_the_connection_that_all_threads_of_a_process_share() -> None:
    """What one thread asks of it ends what another reads."""
    shared = re.compile(r"\bduckdb\.(execute|query|sql)\(")
    asking = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for folder in AT_HOME
        for path in (ROOT / folder).rglob("*.py")
        for match in shared.finditer(path.read_text())
    ]
    assert asking == []


def test_every_path_in_the_project_that_code_names_exists() -> None:
    """A path is no import: where a folder moves, no linter finds what still names the old one."""
    named = [
        (path.relative_to(ROOT), base.joinpath(*re.findall(r'"([^"]+)"', found[1])))
        for folder in (*AT_HOME, "bench")
        for path in (ROOT / folder).rglob("*.py")
        for base, pattern in ((ROOT, BELOW_ROOT), (path.parent, BESIDE))
        for found in pattern.finditer(path.read_text())
    ]
    assert len(named) > 15
    missing = [f"{path}: {target}" for path, target in named if not target.exists()]
    assert [line for line in missing if not line.endswith(MADE_LATER)] == []


def test_no_tracked_file_names_a_package_index() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert tracked
    naming = [
        name
        for name in tracked
        if name != "tests/architecture/test_layers.py"
        and INDEX.search((ROOT / name).read_text(errors="replace"))
    ]
    assert naming == []
