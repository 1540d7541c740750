"""SIGTERM and SIGHUP end a command as Ctrl-C does: one line, its code, nothing held or left."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.local_stack.processes import kernel
from orchestration.run.lock import holder_of
from tests.support.installation import Installation


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "terminated"),
        (signal.SIGHUP, 129, "hung up"),
    ],
)
def test_a_signal_ends_a_run_in_one_line(
    tmp_path: Path, number: signal.Signals, code: int, word: str
) -> None:
    installation = Installation(tmp_path / "data")
    installation.data_dir.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli.main", "run", "--as-of", "2026-03-01T21:00:00"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=installation.environment(),
    ) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("start")  # the source answers: a step is done
        children = kernel.descendants(process.pid)
        assert children
        process.send_signal(number)
        _, complaint = process.communicate(timeout=60)
    assert process.returncode == code
    assert complaint == f"moovitamix: {word}\n"
    assert holder_of(installation.data_dir) is None
    wait_until(lambda: not any(map(_is_running, children)))
    (end,) = [row for row in installation.ops("runs") if row["event"] == "finished"]
    assert end["outcome"] == "interrupted"


def _is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until(is_so: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
