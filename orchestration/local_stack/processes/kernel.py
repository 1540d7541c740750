"""What Linux knows of processes: who descends from whom, and who inherits orphans."""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_LOOK_EVERY = 0.05


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
    children: dict[int, list[int]] = {}
    for child, (parent, _) in _alive().items():
        children.setdefault(parent, []).append(child)
    found, ahead = [], [pid]
    while ahead:
        below = children.get(ahead.pop(), [])
        found += below
        ahead += below
    return found


def in_session(session: int) -> list[int]:
    """Return the processes of a session: a service and all that it began, orphans too."""
    return [pid for pid, (_, its) in _alive().items() if its == session]


def end_all(which: Callable[[], list[int]]) -> None:
    """Kill what `which` finds until it finds nothing; take in those that were children."""
    while found := which():
        for pid in found:
            tell(pid, signal.SIGKILL)
        take_in()
        time.sleep(_LOOK_EVERY)


def tell(pid: int, what: signal.Signals) -> None:
    """Send a signal; to a process that is gone, none."""
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return


def take_in(except_for: Iterable[int] = ()) -> None:
    """Let go of orphans that have ended; those in `except_for` are waited for elsewhere."""
    ours = set(except_for)
    for pid in _ended_children():
        if pid not in ours:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue


def _ended_children() -> list[int]:
    me = os.getpid()
    return [pid for pid, (state, parent, _) in _all().items() if state == "Z" and parent == me]


def _alive() -> dict[int, tuple[int, int]]:
    return {pid: (parent, its) for pid, (state, parent, its) in _all().items() if state != "Z"}


def _all() -> dict[int, tuple[str, int, int]]:
    """Return of every process its state, its parent and its session."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(folder.name)] = (after_name[0], int(after_name[1]), int(after_name[3]))
    return found
