"""The writer lock: every step that writes holds `.writer.lock` in the data folder.

The lock is the kernel's (`flock`), so a process that dies by any signal releases it; the text
inside only names the holder. A step asks for the `WriterLock` itself as an
argument: what a command holds it passes on, and no step takes it twice.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lake.clock import utc_now
from orchestration.run.errors import Holder, WarehouseBusy

if TYPE_CHECKING:
    from filelock import BaseFileLock

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
    """Hold the writer lock of a data folder.

    Args:
        data_dir: The data folder; it is made if it is missing.
        command: Who asks, for those who find the lock taken.
        wait_seconds: How long to wait for another holder.

    Yields:
        The lock, to be handed to what writes.

    Raises:
        WarehouseBusy: Another process still has it.

    """
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = _acquired(data_dir, wait_seconds)
    try:
        holder = Holder(os.getpid(), command, utc_now().replace(microsecond=0))
        _path(data_dir).write_text(json.dumps(asdict(holder), default=datetime.isoformat))
        yield WriterLock(data_dir, holder)
    finally:
        _path(data_dir).write_text("")
        lock.release()


def holder_of(data_dir: Path) -> Holder | None:
    """Return the holder of the writer lock of `data_dir`; None when it is free."""
    for _ in range(NAMING_POLLS):
        if _is_free(data_dir):
            return None
        if holder := _read(data_dir):
            return holder
        time.sleep(POLL_SECONDS)
    return Holder(0, "(unknown)", utc_now())


def _acquired(data_dir: Path, wait_seconds: float) -> "BaseFileLock":
    from filelock import FileLock, Timeout  # 50 ms, which what only reads is spared

    # Never a lock that the death of its holder would leave behind, as on a disk without `flock`.
    lock = FileLock(_path(data_dir), mode=0o644, poll_interval=POLL_SECONDS, fallback_to_soft=False)
    patience = max(wait_seconds, GRACE_SECONDS)
    while not lock.is_locked:
        try:
            lock.acquire(patience)
        except Timeout:
            if holder := holder_of(data_dir):
                raise WarehouseBusy(holder) from None
            patience = GRACE_SECONDS
    return lock


def _path(data_dir: Path) -> Path:
    return data_dir / ".writer.lock"


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
        about = json.loads(_path(data_dir).read_text())
        return Holder(about["pid"], about["command"], datetime.fromisoformat(about["since"]))
    except (ValueError, LookupError, TypeError):  # being written, or damaged
        return None
