"""One process that answers: `python -m api.serving.processes.worker SETTINGS NUMBER SOCKET`."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from api.serving.http.app import create_app
from api.serving.processes.children import ended_by_parent, say_ready
from api.serving.settings import ServingSettings
from api.serving.telemetry.logs import Log, LogHandler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

_GRACE_SECONDS = 3
_IDLE_SECONDS = 65
"""Longer than load balancers keep an idle connection: they close it, not we under their request."""


class Worker(uvicorn.Server):
    """A uvicorn server that says when it is ready and ends with its parent."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, then say so."""
        await super().startup(sockets)
        say_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End by the parent's pipe, or a signal of one's own: both are one event."""
        ended = ended_by_parent()

        def end() -> None:
            ended.wait()
            self.should_exit = True

        threading.Thread(target=end, daemon=True).start()
        yield


def answer(app: ASGIApp, listening: int) -> None:
    """Answer on an inherited socket until told to end."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    Worker(config).run(sockets=[socket.socket(fileno=listening)])


def main() -> None:
    """Answer as one of several workers."""
    settings = ServingSettings.model_validate_json(sys.argv[1])
    log = Log(f"worker {sys.argv[2]}")
    logging.basicConfig(handlers=[LogHandler(log)], force=True)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    answer(create_app(settings, log, int(sys.argv[2])), int(sys.argv[3]))
    log.flush()


if __name__ == "__main__":
    main()
