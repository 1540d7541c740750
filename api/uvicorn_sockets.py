"""Sockets and signals of a uvicorn server: a bound address, and a clean exit."""

from __future__ import annotations

import errno
import signal
import socket
import sys

from api.errors import AddressUnavailable, PortTaken

GRACE_SECONDS = 3
"""How long requests in progress may take once the server was asked to end."""


def listen(host: str, port: int) -> socket.socket:
    """Bind an address; port 0 is any free one. Raises `PortTaken` or `AddressUnavailable`."""
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


def report_ready(name: str, listening: socket.socket, details: str = "") -> None:
    """Print the one line that parent processes wait for.

    Args:
        name: What is ready.
        listening: The socket that it listens on.
        details: What else the line says.

    """
    host, port = listening.getsockname()[:2]
    print(f"{name} on http://{host}:{port}{details}", flush=True)


def exit_cleanly_on_signals() -> None:
    """Make SIGINT and SIGTERM end this process with exit code 0.

    uvicorn handles both while it runs, and raises them again after a clean end.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit())
