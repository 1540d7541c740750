"""Serve until stopped: a refresher, and workers under uvicorn's supervisor."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import IO, TYPE_CHECKING

from api.serving.access import api_keys, rate_limit
from api.serving.errors import AlreadyServing, KeysFileBroken, NoKeys
from api.serving.processes.refresher import refresh
from api.serving.processes.supervisor import Supervisor, configure
from api.serving.processes.worker import create_worker
from api.uvicorn_sockets import listen, report_ready

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.serving.settings import ServingSettings


def serve(settings: ServingSettings) -> None:
    """Answer until SIGINT or SIGTERM. Raises an `ApiError` when it can't start."""
    if not settings.is_loopback and _lacks_keys(settings):
        raise NoKeys(settings.host)
    settings.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(_only_server(settings))
        listening = stack.enter_context(listen(settings.host, settings.port))
        rate_limit.create(settings.folder / "limits")
        shutil.rmtree(settings.metrics_folder, ignore_errors=True)
        settings.metrics_folder.mkdir()
        # prometheus_client reads it in each worker, as it is imported
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.metrics_folder)
        Supervisor(
            configure(partial(create_worker, settings), settings.workers),
            listening,
            on_ready=partial(report_ready, "serving API", listening),
            refresh=partial(refresh, settings),
        ).run()


def _lacks_keys(settings: ServingSettings) -> bool:
    """Whether there is no key; no key of an unreadable list is valid, and the log says so."""
    try:
        return not api_keys.read(settings.keys_file)
    except KeysFileBroken:
        return False


@contextmanager
def _only_server(settings: ServingSettings) -> Iterator[IO[str]]:
    with (settings.folder / ".server.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyServing(settings.folder) from error
        yield lock
