"""The supervisor: it starts services, waits for their health, restarts and ends them."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orchestration.local_stack.errors import NotHealthy, ServiceEnded
from orchestration.local_stack.processes import kernel
from orchestration.local_stack.processes.service import Service, end, last_line

_POLL_SECONDS = 0.1
# Dead so soon after its start, and so often in a row: it will not come up by itself.
_SOON, _OFTEN = 60, 4


class StackEnded(Exception):
    """The stack was asked to end while it was busy."""


@dataclass(slots=True)
class Supervisor:
    """All services of a stack, in the order in which they were started."""

    ended: threading.Event
    report: Callable[[str], None]
    """Takes each line about the services."""
    groups: list[list[Service]] = field(default_factory=list)
    _restarts: dict[str, int] = field(default_factory=dict)

    def start(self, services: Sequence[Service]) -> None:
        """Start services that are to end together, before those started earlier."""
        self.groups.append(list(services))
        for service in services:
            service.start()

    def run_once(self, *tasks: Service) -> None:
        """Run one-off tasks in parallel to their end; raise `ServiceEnded` if one fails."""
        self.start(tasks)
        for task in tasks:
            assert task.process
            while task.process.poll() is None:
                self._pause()
            if task.process.returncode:
                raise ServiceEnded(task.name, last_line(task.log), task.log)
        self.groups.pop()

    def wait_until_healthy(self, services: Sequence[Service], patience: float) -> None:
        """Return when all are; raise `NotHealthy` if one is not in time, or `ServiceEnded`."""
        began = time.monotonic()
        waiting = list(services)
        while waiting:
            for service in list(waiting):
                service.require_alive()
                if not (wrong := service.health()):
                    self.report(f"{service.name:<14} {time.monotonic() - began:6.1f} s")
                    waiting.remove(service)
                elif time.monotonic() - began > patience:
                    raise NotHealthy(service.name, wrong, service.log)
            self._pause()

    def supervise(self) -> None:
        """Restart what dies, until the end is asked for; give up on what dies again and again."""
        while not self.ended.wait(_POLL_SECONDS):
            for service in self._all():
                if service.has_ended():
                    self._restart(service)
            kernel.reap_orphans(one.process.pid for one in self._all() if one.process)

    def end(self) -> None:
        """End all, the last started first, and all that they left behind."""
        while self.groups:
            end(self.groups.pop())

    def _restart(self, service: Service) -> None:
        age = time.monotonic() - service.started_at
        self._restarts[service.name] = self._restarts.get(service.name, 0) + 1 if age < _SOON else 1
        if self._restarts[service.name] >= _OFTEN:
            service.require_alive()
        self.report(f"{service.name} ended after {age:,.0f} s; it is restarted")
        service.wait(0)
        service.start()

    def _all(self) -> list[Service]:
        return [service for group in self.groups for service in group]

    def _pause(self) -> None:
        if self.ended.wait(_POLL_SECONDS):
            raise StackEnded
