"""Services kept alive: started, waited for, started anew when they die, and ended in order."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orchestration.local_stack.errors import NotHealthy, ServiceEnded
from orchestration.local_stack.processes import kernel
from orchestration.local_stack.processes.service import Service, end, last_words

_LOOK_EVERY = 0.1
# Dead again so soon after its start, and so often in a row: it will not come up by itself.
_SOON, _OFTEN = 60, 4


class Ended(Exception):
    """The stack was asked to end while it was busy."""


@dataclass(slots=True)
class Keeper:
    """All services of a stack, in the order in which they were started."""

    ended: threading.Event
    say: Callable[[str], None]
    groups: list[list[Service]] = field(default_factory=list)
    _deaths: dict[str, int] = field(default_factory=dict)

    def start(self, services: Sequence[Service]) -> None:
        """Start services that are to end together, before those started earlier."""
        self.groups.append(list(services))
        for service in services:
            service.start()

    def finish(self, *errands: Service) -> None:
        """Run commands side by side to their end; raise `ServiceEnded` if one's is no good one."""
        self.start(errands)
        for errand in errands:
            assert errand.process
            while errand.process.poll() is None:
                self._pause()
            if errand.process.returncode:
                raise ServiceEnded(errand.name, last_words(errand.log), errand.log)
        self.groups.pop()

    def wait_until_healthy(self, services: Sequence[Service], patience: float) -> None:
        """Return when all are; raise `NotHealthy` if one is not in time, or `ServiceEnded`."""
        begun = time.monotonic()
        ill = list(services)
        while ill:
            for service in list(ill):
                service.require_alive()
                if not (wrong := service.health()):
                    self.say(f"{service.name:<14} {time.monotonic() - begun:6.1f} s")
                    ill.remove(service)
                elif time.monotonic() - begun > patience:
                    raise NotHealthy(service.name, wrong, service.log)
            self._pause()

    def keep(self) -> None:
        """Start anew what dies, until the end is asked for; give up on what dies at once."""
        while not self.ended.wait(_LOOK_EVERY):
            for service in self._all():
                if service.has_ended():
                    self._start_anew(service)
            kernel.take_in(one.process.pid for one in self._all() if one.process)

    def end(self) -> None:
        """End all, the last started first, and whatever they have left behind."""
        while self.groups:
            end(self.groups.pop())

    def _start_anew(self, service: Service) -> None:
        lived = time.monotonic() - service.started_at
        self._deaths[service.name] = self._deaths.get(service.name, 0) + 1 if lived < _SOON else 1
        if self._deaths[service.name] >= _OFTEN:
            service.require_alive()
        self.say(f"{service.name} ended after {lived:,.0f} s; it is started anew")
        service.wait(0)
        service.start()

    def _all(self) -> list[Service]:
        return [service for group in self.groups for service in group]

    def _pause(self) -> None:
        if self.ended.wait(_LOOK_EVERY):
            raise Ended
