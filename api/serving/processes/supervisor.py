"""uvicorn's own supervisor of workers, with the refresher beside them.

uvicorn starts the workers, checks their health, and restarts the ones that died or hang.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

from uvicorn import Config
from uvicorn.supervisors import Multiprocess

from api.serving.errors import DiedAtStart
from api.serving.telemetry.logs import Log, LogHandler
from api.uvicorn_sockets import GRACE_SECONDS

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from multiprocessing.context import SpawnProcess
    from multiprocessing.synchronize import Event

    Task = Callable[[Event], None]
    """The refresher's main function; it sets the event after its first round."""

_START_SECONDS, _END_SECONDS = 600, 10
_IDLE_SECONDS = 65
"""Longer than load balancers keep an idle connection: they close it, not we under their request."""
_HANGS_AFTER = 30
"""Seconds without an answer to the health check; on a busy machine a worker may need many."""
_SPAWN = multiprocessing.get_context("spawn")


def configure(create_app: Callable[[], Any], workers: int) -> Config:
    """Return uvicorn's settings for workers that each create the app."""
    return Config(
        create_app,
        factory=True,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_worker_healthcheck=_HANGS_AFTER,
    )


def live_with_parent() -> None:
    """End this process with its parent, whatever ended that: even SIGKILL leaves no child."""
    os.setsid()  # Ctrl-C reaches the supervisor alone; the kernel schedules by session
    parent = multiprocessing.parent_process()
    assert parent

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


class Supervisor(Multiprocess):
    """Keeps the workers and the refresher alive until a signal."""

    def __init__(
        self,
        config: Config,
        listening: socket.socket,
        on_ready: Callable[[], None],
        refresh: Task | None = None,
    ) -> None:
        """Prepare the processes; `run` starts them.

        Args:
            config: uvicorn's settings, from `configure`.
            listening: The socket that all workers accept connections from.
            on_ready: Called once, when all processes are ready.
            refresh: What the refresher process runs; none: there is no refresher.

        """
        super().__init__(config, [listening])
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # a closed terminal ends the server
        self._on_ready = on_ready
        self._refresh = refresh
        self._refresher: SpawnProcess | None = None
        self._refreshed = _SPAWN.Event()
        self._log = Log("server")
        logging.basicConfig(handlers=[LogHandler(self._log)], force=True)

    def run(self) -> None:
        """Supervise until a signal. Raises `DiedAtStart` when a process ends before it is ready."""
        try:
            super().run()
        finally:
            self.terminate_all()
            self.join_all()
            self._log.flush()

    def init_processes(self) -> None:
        """Start all processes and wait until they are ready."""
        self._start_refresher()
        super().init_processes()
        while self._refresher and not self._refreshed.wait(0.05) and not self.signal_queue:
            if not self._refresher.is_alive():
                raise DiedAtStart("refresher", self._refresher.exitcode)
        for process in self.processes:
            if not process.wait_until_ready(_START_SECONDS) and not self.signal_queue:
                raise DiedAtStart("worker", process.exitcode)
        if not self.signal_queue:
            self._on_ready()

    def keep_subprocess_alive(self) -> None:
        """Restart and log what died, the refresher too."""
        before = list(self.processes)
        super().keep_subprocess_alive()
        for old, new in zip(before, self.processes, strict=True):
            if old is not new:
                self._log.event("ended", child=f"worker {old.pid}", code=old.exitcode)
        if self._refresher and not self._refresher.is_alive():
            self._log.event("ended", child="refresher", code=self._refresher.exitcode)
            self._start_refresher()

    def join_all(self) -> None:
        """Wait for the workers, then end the refresher: it writes the counts of all of them."""
        for process in self.processes:
            _end(process.process)
        if self._refresher:
            _end(self._refresher)

    def _start_refresher(self) -> None:
        if self._refresh:
            self._refresher = _SPAWN.Process(target=self._refresh, args=(self._refreshed,))
            self._refresher.start()


def _end(process: SpawnProcess) -> None:
    process.terminate()
    process.join(_END_SECONDS)
    process.kill()
    process.join()
