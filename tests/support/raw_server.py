"""A server that sends given bytes at a given pace: for answers that no library makes."""

import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread


@dataclass(frozen=True)
class Asked:
    """One request as it came: its target, and its headers by their names in lower case."""

    target: str
    headers: dict[str, str]


@dataclass
class RawServer:
    """What is sent for each request, piece by piece, with `pause` seconds between the pieces."""

    answer: Callable[[Asked], list[bytes]]
    pause: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    closing: Event = field(default_factory=Event)
    url: str = ""


class _Handler(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        raw = self.server.raw
        line = self.rfile.readline().decode("latin-1").split(" ")
        headers = {}
        while header := self.rfile.readline().strip():
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        asked = Asked(line[1] if len(line) > 1 else "", headers)
        raw.asked.append(asked)
        try:
            for piece in raw.answer(asked):
                self.wfile.write(piece)
                if raw.pause and raw.closing.wait(raw.pause):
                    return
        except OSError:
            """The client has hung up, as it should."""


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64
    raw: RawServer


def head(length: int | None, *more: str, status: str = "200 OK") -> bytes:
    """The lines before a body."""
    lines = [f"HTTP/1.1 {status}", "content-type: application/json", "connection: close", *more]
    lines += [] if length is None else [f"content-length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


def whole(body: bytes, *more: str, status: str = "200 OK") -> list[bytes]:
    """An answer in one piece."""
    return [head(len(body), *more, status=status) + body]


@contextmanager
def serving_raw(answer: Callable[[Asked], list[bytes]], pause: float = 0.0) -> Iterator[RawServer]:
    """The server on a free port of the loopback, until the block ends."""
    raw = RawServer(answer, pause)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.raw = raw
    raw.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield raw
    finally:
        raw.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
