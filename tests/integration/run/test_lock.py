"""One writer: the lock is the kernel's, and says who has it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestration.run.errors import WarehouseBusy
from orchestration.run.lock import hold, holder_of

HOLDING = """
import sys
from pathlib import Path
from orchestration.run.lock import hold
with hold(Path(sys.argv[1]), "run"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def _another_holder(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_writer_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    with (
        _another_holder(tmp_path) as other,
        pytest.raises(WarehouseBusy, match=rf"`moovitamix run` \(pid {other.pid}, since .* UTC\)"),
        hold(tmp_path, "build"),
    ):
        pytest.fail("two writers")


def test_a_writer_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    with _another_holder(tmp_path) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert holder_of(tmp_path) is None
        with hold(tmp_path, "build") as lock:
            assert lock.holder.pid == os.getpid()


def test_a_writer_waits_as_long_as_it_was_told(tmp_path: Path) -> None:
    with _another_holder(tmp_path) as other:
        assert other.stdin is not None
        with pytest.raises(WarehouseBusy), hold(tmp_path, "build", wait_seconds=0.3):
            pytest.fail("two writers")
        other.stdin.write("let go\n")
        other.stdin.flush()
        with hold(tmp_path, "build", wait_seconds=30) as lock:
            assert lock.holder.command == "build"


def test_looking_at_the_lock_neither_takes_nor_disturbs_it(tmp_path: Path) -> None:
    assert holder_of(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    with hold(tmp_path, "build") as lock:
        assert holder_of(tmp_path) == lock.holder
    assert holder_of(tmp_path) is None


def test_a_lock_guards_its_own_data_folder_only(tmp_path: Path) -> None:
    with hold(tmp_path / "one", "build") as lock, hold(tmp_path / "other", "build"):
        lock.require_for(tmp_path / "one")
        with pytest.raises(AssertionError, match="does not guard"):
            lock.require_for(tmp_path / "other")
