"""How the server's processes live together: a child tells when it is ready, ends with its parent.

A child's standard input is a pipe from its parent. When that ends, however the parent ended, so
does the child; closing it is also how the parent asks a child to end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field

_END_SECONDS = 10


def ended_by_parent() -> threading.Event:
    """Return an event that is set when the parent has gone, or has asked for the end."""
    ended = threading.Event()

    def listen() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=listen, daemon=True).start()
    return ended


def say_ready() -> None:
    """Tell the parent that this child does its work now."""
    print("ready", flush=True)


@dataclass(slots=True)
class Child:
    """One process of the server, started anew when it ends."""

    name: str
    arguments: list[str]
    shares: tuple[int, ...] = ()
    """File descriptors that it inherits."""
    process: subprocess.Popen[str] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it; return at once."""
        # apart from the terminal's Ctrl-C: the parent gets it, and ends its children in order
        self.process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", *self.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=self.shares,
            start_new_session=True,
        )

    def becomes_ready(self) -> bool:
        """Wait until it has said so; false: it ended."""
        assert self.process
        assert self.process.stdout
        return self.process.stdout.readline().strip() == "ready"

    def has_ended(self) -> int | None:
        """Its exit code; none while it lives."""
        assert self.process
        return self.process.poll()

    def ask_to_end(self) -> None:
        """Close the pipe that it lives by."""
        if self.process and self.process.stdin:
            self.process.stdin.close()

    def wait(self) -> None:
        """Wait for its end; kill it if that takes too long."""
        if not self.process:
            return
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
