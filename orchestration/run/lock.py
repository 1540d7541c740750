"""The one writer: every step that writes holds `.writer.lock` in the data folder.

The lock is the kernel's (`flock`), so a process that dies by any signal lets go of it; what is
written inside only tells a person who holds it. A step asks for the `WriterLock` itself as an
argument: what a command holds it passes on, and no step takes it twice.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lake.clock import utc_now
from orchestration.run.errors import Holder, WarehouseBusy

# `status` probes the lock for some microseconds: who finds it taken asks once more.
GRACE_SECONDS = 0.1
POLL_SECONDS = 0.05
# For an instant, as it takes or leaves the lock, a holder has it without its name inside.
NAMING_POLLS = 40


@dataclass(frozen=True, slots=True)
class WriterLock:
    """Proof that this process holds the writer lock of a data folder."""

    data_dir: Path
    holder: Holder

    def require_for(self, data_dir: Path) -> None:
        """Refuse to write in a data folder with the lock of another."""
        assert data_dir == self.data_dir, f"the lock of {self.data_dir} does not guard {data_dir}"


@contextmanager
def hold(data_dir: Path, command: str, wait_seconds: float = 0) -> Iterator[WriterLock]:
    """Hold the writer lock of `data_dir`; raise `WarehouseBusy` when another has it for longer."""
    data_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(_path(data_dir), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(descriptor, data_dir, wait_seconds)
        holder = Holder(os.getpid(), command, utc_now().replace(microsecond=0))
        _write(descriptor, holder)
        try:
            yield WriterLock(data_dir, holder)
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def holder_of(data_dir: Path) -> Holder | None:
    """Who holds the writer lock of `data_dir` now; None when it is free."""
    for _ in range(NAMING_POLLS):
        if _is_free(data_dir):
            return None
        if holder := _read(data_dir):
            return holder
        time.sleep(POLL_SECONDS)
    return Holder(0, "(unknown)", utc_now())


def _acquire(descriptor: int, data_dir: Path, wait_seconds: float) -> None:
    deadline = time.monotonic() + max(wait_seconds, GRACE_SECONDS)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline and (holder := holder_of(data_dir)):
                raise WarehouseBusy(holder) from None
            time.sleep(POLL_SECONDS)
        else:
            return


def _path(data_dir: Path) -> Path:
    return data_dir / ".writer.lock"


def _write(descriptor: int, holder: Holder) -> None:
    text = json.dumps(
        {"pid": holder.pid, "command": holder.command, "since": holder.since.isoformat()}
    )
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def _is_free(data_dir: Path) -> bool:
    try:
        descriptor = os.open(_path(data_dir), os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _read(data_dir: Path) -> Holder | None:
    try:
        told = json.loads(_path(data_dir).read_text())
        return Holder(told["pid"], told["command"], datetime.fromisoformat(told["since"]))
    except (ValueError, LookupError, TypeError):  # being written, or damaged
        return None
