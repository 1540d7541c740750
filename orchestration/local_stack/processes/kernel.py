"""Process trees: descendants, and adoption of orphans (psutil and prctl)."""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterable

import psutil

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_POLL_SECONDS = 0.05


def inherit_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that none gets lost."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """Have the kernel send this process SIGTERM when its parent dies, however that dies."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _prctl(what: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(what, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def descendants(pid: int) -> list[int]:
    """Return the processes below `pid` that still run."""
    return [one.pid for one in _below(pid, recursive=True) if not _is_zombie(one)]


def in_session(session: int) -> list[int]:
    """Return the processes of a session: a service and all that it started, orphans too."""
    return [one.pid for one in psutil.process_iter() if _is_in(one, session)]


def kill_all(which: Callable[[], list[int]]) -> None:
    """Kill what `which` finds until it finds nothing; reap those that were children."""
    while found := which():
        for pid in found:
            send(pid, signal.SIGKILL)
        reap_orphans()
        time.sleep(_POLL_SECONDS)


def send(pid: int, what: signal.Signals) -> None:
    """Send a signal; to a process that is gone, none."""
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return


def reap_orphans(except_for: Iterable[int] = ()) -> None:
    """Reap children that have ended; others wait for those in `except_for`."""
    ours = set(except_for)
    for child in _below(os.getpid()):
        if child.pid not in ours and _is_zombie(child):
            try:
                os.waitpid(child.pid, os.WNOHANG)
            except ChildProcessError:
                continue


def _below(pid: int, *, recursive: bool = False) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=recursive)
    except psutil.NoSuchProcess:
        return []


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _is_in(process: psutil.Process, session: int) -> bool:
    try:
        return os.getsid(process.pid) == session and not _is_zombie(process)
    except ProcessLookupError:
        return False
