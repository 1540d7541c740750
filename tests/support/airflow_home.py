"""An Airflow of its own for tests: a metadata database, the pool, the graph; nothing running."""

import os
import subprocess
import sys
from pathlib import Path

from orchestration.run.settings import ROOT, Settings
from orchestration.warehouse import graph

DAGS = ROOT / "orchestration" / "dags"


def environment(home: Path) -> dict[str, str]:
    """What makes Airflow live in `home` alone."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "_AIRFLOW__AS_LIBRARY": "",
    }


def drawn(data_dir: Path) -> None:
    """Draw dbt's graph if the one that is there is not of the present project."""
    graph.make(Settings(data_dir=data_dir))


def python(home: Path, code: str, *words: str, **more: str) -> str:
    """Run code in a process that knows this Airflow; return what it prints on standard output."""
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=os.environ | environment(home) | more,
        capture_output=True,
        text=True,
        check=False,
        timeout=7_000,
    )
    assert done.returncode == 0, done.stderr[-6000:] + done.stdout[-2000:]
    return done.stdout
