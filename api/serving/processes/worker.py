"""The app of one worker process, as uvicorn's supervisor starts it."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from api.serving.http.app import create_app
from api.serving.processes.supervisor import live_with_parent
from api.serving.telemetry.logs import Log, LogHandler

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from api.serving.settings import ServingSettings


def create_worker(settings: ServingSettings) -> ASGIApp:
    """Create the app of a worker process, with its log."""
    log = Log(f"worker {os.getpid()}")
    logging.basicConfig(handlers=[LogHandler(log)], force=True)
    live_with_parent()
    return create_app(settings, log)
