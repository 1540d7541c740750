"""The process that a person started: it holds a pipe, and ends with everything behind it.

What keeps the services is a child that lives by that pipe: it ends them in order when the pipe
closes, by Ctrl-C or because this process was killed. Should that child be killed instead, all it
began falls to this process, which kills it. Each is the other's safety net.
"""

import os
import signal
import subprocess
import sys
from types import FrameType

from orchestration.local_stack.errors import KeeperDied
from orchestration.local_stack.processes import kernel


def hold(words: list[str]) -> int:
    """Run `python -m orchestration.local_stack WORDS` until it ends; return its exit code."""
    kernel.inherit_orphans()
    keeper = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-m", "orchestration.local_stack", *words],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    assert keeper.stdin

    def end(_number: int, _frame: FrameType | None) -> None:
        assert keeper.stdin
        keeper.stdin.close()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = keeper.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        kernel.end_all(lambda: kernel.descendants(os.getpid()))
    if code < 0:
        raise KeeperDied(f"the stack was killed by {signal.Signals(-code).name}; nothing runs on")
    return code
