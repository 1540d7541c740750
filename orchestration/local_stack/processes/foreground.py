"""The foreground process, which a person starts and ends: it holds the supervisor's pipe.

The supervisor ends all services in order when the pipe closes: by Ctrl-C, or because this process
was killed. If the supervisor is killed instead, this process inherits the services and kills them.
"""

import os
import signal
import subprocess
import sys
from types import FrameType

from orchestration.local_stack.errors import SupervisorKilled
from orchestration.local_stack.processes import kernel


def run(words: list[str]) -> int:
    """Run `python -m orchestration.local_stack WORDS` until it ends; return its exit code."""
    kernel.inherit_orphans()
    supervisor = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-m", "orchestration.local_stack", *words],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    assert supervisor.stdin

    def end(_number: int, _frame: FrameType | None) -> None:
        assert supervisor.stdin
        supervisor.stdin.close()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = supervisor.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        kernel.kill_all(lambda: kernel.descendants(os.getpid()))
    if code < 0:
        raise SupervisorKilled(
            f"the stack was killed by {signal.Signals(-code).name}; nothing runs on"
        )
    return code
