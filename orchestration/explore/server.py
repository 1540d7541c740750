"""Serve the pages: each notebook as an app, with nothing to fetch from elsewhere."""

import os
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orchestration.explore.notebook_pages import FOLDER, notebook
from orchestration.explore.panels import PAGES
from orchestration.explore.plain_pages import PlainPages
from orchestration.run.errors import AddressTaken
from orchestration.run.settings import Settings
from orchestration.run.stack_settings import ExploreSettings

GRACE_SECONDS = 3
"""Seconds until open pages, each with a web socket, no longer keep the server from ending."""

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response


def prepare(*, personal: bool = False, **given: Any) -> ExploreSettings:  # noqa: ANN401 - settings
    """Set up this process for the notebooks, and return the settings.

    The notebooks read the environment; marimo reads the `pyproject.toml` above the working folder.

    Args:
        personal: Whether personal data is shown, whatever the environment says.
        **given: Settings of the command line, None where it has none.
    """
    os.environ["MOOVITAMIX_DATA_DIR"] = str(Settings().data_dir)
    os.environ["MARIMO_SKIP_UPDATE_CHECK"] = "1"
    if personal:
        os.environ["MOOVITAMIX_EXPLORE_PERSONAL"] = "true"
    known = {name: value for name, value in given.items() if value is not None}
    return ExploreSettings(**known)


def application() -> "Starlette":
    """Return the pages as one ASGI application; `/` leads to the first of them."""
    import marimo
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, RedirectResponse
    from starlette.routing import Mount, Route

    os.chdir(FOLDER)
    pages = marimo.create_asgi_app(quiet=True, include_code=True, session_ttl=30)
    for page in PAGES:
        pages = pages.with_app(path=f"/{page}", root=str(notebook(page)), middleware=[PlainPages])

    async def first(request: "Request") -> "Response":  # noqa: ARG001 - Starlette's form
        return RedirectResponse(f"{next(iter(PAGES))}/")

    async def health(request: "Request") -> "Response":  # noqa: ARG001 - Starlette's form
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[Route("/", first), Route("/health", health), Mount("/", pages.build())]
    )


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise AddressTaken(host, port, os.strerror(error.errno or 0).lower()) from error


def serve(
    settings: ExploreSettings, on_ready: Callable[[str], None], *, opens_browser: bool = False
) -> None:
    """Serve the pages until interrupted.

    Args:
        settings: Where to listen.
        on_ready: Called with a line that has the address, once it listens.
        opens_browser: Whether a browser is opened there.
    """
    import uvicorn

    with _listening(settings.host, settings.port) as listening:
        address = f"http://{settings.host}:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            application(), log_level="warning", timeout_graceful_shutdown=GRACE_SECONDS
        )
        server = uvicorn.Server(config)
        on_ready(f"{address}   Ctrl-C ends it")
        if opens_browser:
            webbrowser.open(address)
        try:
            server.run(sockets=[listening])
        finally:  # pages run in threads, which would keep the process
            last = threading.Timer(GRACE_SECONDS, os._exit, (128 + signal.SIGTERM,))
            last.daemon = True
            last.start()
