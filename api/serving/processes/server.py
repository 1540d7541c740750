"""Serve until told to stop: one keeper, some workers, and this process, which keeps them alive."""

from __future__ import annotations

import errno
import fcntl
import signal
import socket
import threading
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING

from api.serving import counters
from api.serving.access import api_keys, rate_limit
from api.serving.errors import (
    AddressUnavailable,
    AlreadyServing,
    DiedAtStart,
    KeysFileBroken,
    NoKeys,
    PortTaken,
)
from api.serving.processes.children import Child
from api.serving.telemetry.logs import Log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.serving.settings import ServingSettings

_LOOK_EVERY = 0.2


def serve(settings: ServingSettings) -> None:
    """Answer until SIGINT or SIGTERM. Raises a `ServingError` when it can't begin."""
    if not settings.is_loopback and _lacks_keys(settings):
        raise NoKeys(settings.host)
    settings.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(_only_server(settings))
        listening = stack.enter_context(listen(settings.host, settings.port))
        counters.create(settings.folder / "counts", settings.workers)
        rate_limit.create(settings.folder / "limits")
        given = settings.model_dump_json()
        keeper = Child("keeper", ["api.serving.processes.refresher", given])
        shared = (listening.fileno(),)
        workers = [
            Child(
                f"worker {number}",
                ["api.serving.processes.worker", given, *map(str, (number, *shared))],
                shared,
            )
            for number in range(settings.workers)
        ]
        host, port = listening.getsockname()[:2]
        run([keeper, *workers], f"serving API on http://{host}:{port}")


def _lacks_keys(settings: ServingSettings) -> bool:
    """Whether there is no key; a list that can't be read lets nobody in, and the log says so."""
    try:
        return not api_keys.read(settings.keys_file)
    except KeysFileBroken:
        return False


def run(children: list[Child], ready: str) -> None:
    """Start children, say when all are ready, start those anew that end, until a signal."""
    ended = threading.Event()
    with _signals(ended):
        try:
            for child in children:
                child.start()
            for child in children:
                if not child.becomes_ready() and not ended.is_set():
                    assert child.process
                    raise DiedAtStart(child.name, child.process.wait())
            print(ready, flush=True)
            _keep_alive(children, ended)
        finally:
            for child in children:
                child.ask_to_end()
            for child in children:
                child.wait()


def _keep_alive(children: list[Child], ended: threading.Event) -> None:
    log = Log("server")
    while not ended.wait(_LOOK_EVERY):
        for child in children:
            if (code := child.has_ended()) is not None:
                log.event("ended", child=child.name, code=code)
                child.ask_to_end()
                child.wait()
                child.start()
    log.flush()


@contextmanager
def _signals(ended: threading.Event) -> Iterator[None]:
    """Let a signal end it as if by itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ending = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: ended.set()) for number in ending]
    try:
        yield
    finally:
        for number, handler in zip(ending, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def _only_server(settings: ServingSettings) -> Iterator[IO[str]]:
    with (settings.folder / ".server.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyServing(settings.folder) from error
        yield lock


def listen(host: str, port: int) -> socket.socket:
    """Bind an address; raise `PortTaken` or `AddressUnavailable`."""
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
