"""A service: a command in a separate session, its log, its health and its end."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.local_stack.errors import ServiceEnded
from orchestration.local_stack.processes import kernel

Health = Callable[[], str]
"""Returns the problem, or nothing."""


@dataclass(slots=True)
class Service:
    """One process that is to run until the stack ends, and all that it starts."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    health: Health
    end_by: signal.Signals = signal.SIGTERM
    end_seconds: float = 15
    user: str | None = None
    """The user it runs as, where root may not."""
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0, init=False)

    def start(self) -> None:
        """Start it, away from the terminal's Ctrl-C; the earlier log is kept as `.1`."""
        if not self.process and self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        self.started_at = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - ourselves
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
                user=self.user,
            )

    def has_ended(self) -> bool:
        """Whether it was started and has ended."""
        return self.process is not None and self.process.poll() is not None

    def require_alive(self) -> None:
        """Raise `ServiceEnded` with the last line of its log if it has ended."""
        if self.has_ended():
            raise ServiceEnded(self.name, last_line(self.log), self.log)

    def ask_to_end(self) -> None:
        """Send the signal that ends it in order."""
        if self.process and self.process.poll() is None:
            kernel.send(self.process.pid, self.end_by)

    def wait(self, until: float) -> None:
        """Wait for its end, then kill all that is left of its session."""
        if not self.process:
            return
        try:
            self.process.wait(max(0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            with self.log.open("a") as log:
                log.write(f"{self.name} did not end in time; it is killed\n")
            self.process.kill()
            self.process.wait()
        session = self.process.pid
        kernel.kill_all(lambda: kernel.in_session(session))


def end(services: list[Service]) -> None:
    """End services together; one that takes too long is killed."""
    for service in services:
        service.ask_to_end()
    began = time.monotonic()
    for service in services:
        service.wait(began + service.end_seconds)


def last_line(log: Path) -> str:
    """Return the last line of a log that is not empty."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
