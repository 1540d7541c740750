"""Serve the app's API until it is stopped."""

from __future__ import annotations

import os
import signal
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

import uvicorn

from api.source.generated import GeneratedWorld
from api.source.given import GivenWorld
from api.source.http.app import create_app
from api.source.simulated_clock import Clock
from api.source.world.record import settle
from api.uvicorn_sockets import GRACE_SECONDS, exit_cleanly_on_signals, listen, report_ready

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from api.source.http.app import World
    from api.source.settings import SourceSettings


def serve(settings: SourceSettings, parent_pipe: bool = False) -> None:
    """Make or open the world, then answer until SIGINT or SIGTERM.

    With `parent_pipe` it also ends when its standard input does, so that a parent that was killed
    leaves no server behind. Raises an `ApiError` when it can't start.
    """
    if parent_pipe:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    with listen(settings.host, settings.port) as listening:
        clock = Clock(settings.as_of)
        world = open_world(settings, clock)
        instant = clock.read()
        world.at(instant)  # what is missing is made before the first request, not by it
        app = create_app(world, clock, str(settings.world or "generated"))
        config = uvicorn.Config(
            app, access_log=False, log_level="warning", timeout_graceful_shutdown=GRACE_SECONDS
        )
        exit_cleanly_on_signals()
        ready = partial(report_ready, "source API", listening, f", clock {instant.isoformat()}")
        _Server(config, ready).run(sockets=[listening])


class _Server(uvicorn.Server):
    """A server that reports when it is ready to answer, and to end by a signal."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer."""
        await super().startup(sockets)
        self._on_ready()


def open_world(settings: SourceSettings, clock: Clock) -> World:
    """Open the directory given to `--world`, or the generated world as it was first made."""
    if settings.world:
        return GivenWorld(settings.world, settings.folder)
    parameters = settle(settings, clock.read())
    return GeneratedWorld(settings.folder, parameters, _show_progress, settings.listens_to_lists)


def _show_progress(made: int, of: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if made == of else ""
        print(f"\rmaking the world: month {made} of {of}", end=end, file=sys.stderr, flush=True)


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
