"""MLflow's pages on this machine: trainings, their metrics, the champion."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from ml.errors import PagesDied, PagesPortTaken
from ml.registry.tracking import tracking_client

if TYPE_CHECKING:
    from ml.settings import MlSettings

HOST = "127.0.0.1"
_END_SECONDS = 10


def show(settings: MlSettings, port: int) -> None:
    """Serve the pages on this machine until SIGINT or SIGTERM; all of its processes end with it.

    MLflow's pages have no login, and each reader can change what they show: so they are never
    served beyond loopback.
    """
    _require_free(port)
    with tracking_client(settings):
        pass  # the tables are made by one process, before the server's several look for them
    print(f"MLflow on http://{HOST}:{port}", flush=True)
    words = {
        "--host": HOST,
        "--port": str(port),
        "--workers": "1",
        "--backend-store-uri": settings.tracking_url,
    }
    if settings.artifacts_url:
        words["--default-artifact-root"] = settings.artifacts_url
    process = subprocess.Popen(  # noqa: S603 - nothing of it comes from outside
        [
            sys.executable,
            "-m",
            "mlflow",
            "server",
            *(one for pair in words.items() for one in pair),
        ],
        env=os.environ | {"MOOVITAMIX_DATA_DIR": str(settings.data_dir)},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    before = signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        code = process.wait()
        raise PagesDied(code)
    except KeyboardInterrupt:
        print("ended", flush=True)
    finally:
        signal.signal(signal.SIGTERM, before)
        _end(process)


def _as_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _require_free(port: int) -> None:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PagesPortTaken(port) from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and its children, which are a separate session."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
