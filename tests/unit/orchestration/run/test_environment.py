"""Strays of a shell reach no library; what is ours, and who may read object storage, stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.run import environment
from orchestration.run.settings import ROOT


@pytest.mark.parametrize(
    "name",
    [
        *("DBT_PROFILE", "DBT_WARN_ERROR", "DBT_TARGET_PATH", "DBT_ENGINE_X"),
        *("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_S4"),
        *("LOAD__WORKERS", "MOOVITAMIX__EXTRACT__WORKERS", "RUNTIME__LOG_LEVEL", "GX_HOME"),
        *("PYTHONWARNINGS", "PYTHONOPTIMIZE", "GIT_DIR"),
    ],
)
def test_a_stray_is_dropped(name: str) -> None:
    assert environment.strays({name: "1"}) == [name]


@pytest.mark.parametrize(
    "name",
    [
        *("AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "MLFLOW_S3_ENDPOINT_URL"),
        *("MLFLOW_TRACKING_PASSWORD", "MOOVITAMIX_MODEL", "PATH", "PYTHONPATH", "NO_COLOR"),
    ],
)
def test_what_is_needed_stays(name: str) -> None:
    assert environment.strays({name: "1"}) == []


STRANGE = {
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONINSPECT": "1",
    "TMPDIR": "/nowhere",
    "COLUMNS": "3",
    "TZ": "Mars/Phobos",
    "LC_ALL": "C",
    "MPLBACKEND": "module://nowhere",
}
LOOK = """
import os, sys, tempfile, warnings, time
from orchestration.run import environment
environment.settle()
assert not sys.flags.optimize and not sys.flags.inspect, sys.flags
warnings.warn("old", DeprecationWarning)
assert os.access(os.environ["HOME"], os.W_OK) and os.access(tempfile.gettempdir(), os.W_OK)
assert "COLUMNS" not in os.environ and os.environ["MPLBACKEND"] == "Agg"
assert time.localtime(0).tm_hour == 0
open("made", "w").close()
print("é ok", oct(os.stat("made").st_mode & 0o777))
"""


@pytest.mark.parametrize(("mask", "mode"), [("077", "0o600"), ("000", "0o664"), ("777", "0o600")])
def test_a_process_begun_in_a_strange_shell_is_as_any_other(
    tmp_path: Path, mask: str, mode: str
) -> None:
    strange = {name: value for name, value in os.environ.items() if name != "HOME"} | STRANGE
    process = subprocess.run(
        ["sh", "-c", f'umask {mask}; exec "{sys.executable}" -c "$0"', LOOK],
        env=strange | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.endswith(f"ok {mode}\n")
