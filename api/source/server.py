"""Serve the app's API until told to stop."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from api.source.errors import AddressUnavailable, PortTaken
from api.source.generated import GeneratedWorld
from api.source.given import GivenWorld
from api.source.http.app import create_app
from api.source.simulated_clock import Clock
from api.source.world.record import settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.source.http.app import World
    from api.source.settings import SourceSettings

_GRACE_SECONDS = 3


def serve(settings: SourceSettings, parent_pipe: bool = False) -> None:
    """Make or open the world, then answer until SIGINT or SIGTERM.

    With `parent_pipe` it also ends when its standard input does, so that a parent that was killed
    leaves no server behind. Raises a `SourceError` when it can't begin.
    """
    if parent_pipe:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    listening = _listen(settings.host, settings.port)
    with listening:
        clock = Clock(settings.as_of)
        world = open_world(settings, clock)
        instant = clock.read()
        world.at(instant)  # what is missing is made before the first request, not by it
        app = create_app(world, clock, str(settings.world or "generated"))
        config = uvicorn.Config(
            app, access_log=False, log_level="warning", timeout_graceful_shutdown=_GRACE_SECONDS
        )
        host, port = listening.getsockname()[:2]
        ready = f"source API on http://{host}:{port}, clock {instant.isoformat()}"
        _Server(config, ready).run(sockets=[listening])


def open_world(settings: SourceSettings, clock: Clock) -> World:
    """Open the directory given to `--world`, or the generated world as it was first made."""
    if settings.world:
        return GivenWorld(settings.world, settings.folder)
    parameters = settle(settings, clock.read())
    return GeneratedWorld(settings.folder, parameters, _tell)


def _tell(made: int, of: int) -> None:
    """Show progress on a terminal."""
    if sys.stderr.isatty():
        end = "\n" if made == of else ""
        print(f"\rmaking the world: month {made} of {of}", end=end, file=sys.stderr, flush=True)


class _Server(uvicorn.Server):
    """A server that says when it is ready, and that a signal ends without a traceback."""

    def __init__(self, config: uvicorn.Config, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then say so in one line."""
        await super().startup(sockets)
        print(self._ready, flush=True)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End by a signal as by itself; uvicorn would raise it again after a clean end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        ending = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, self.handle_exit) for number in ending]
        try:
            yield
        finally:
            for number, handler in zip(ending, before, strict=True):
                signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port) from error
        raise AddressUnavailable(host, port, error.strerror or str(error)) from error
    return listening


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
