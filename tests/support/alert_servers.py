"""A webhook and a mail server on loopback, as real as the ones that alerts are sent to."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope


@dataclass(slots=True)
class Webhook:
    """What was posted; `url` is Apprise's, `status` what it answers."""

    url: str
    status: int = 200
    posted: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Serve a webhook on a free port."""
    taken: Webhook

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            taken.posted.append(json.loads(self.rfile.read(length)))
            self.send_response(taken.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # Without the fields that Apprise adds by default.
    fields = "?:version=&:attachments="
    taken = Webhook(f"json://127.0.0.1:{server.server_port}/hook/s3cr3tPath{fields}")
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(slots=True)
class Mailbox:
    """What came by mail."""

    port: int = 0
    mails: list[Any] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


def mail_url(port: int, mode: str = "insecure") -> str:
    """Return the Apprise URL of a mail to two people through a local server."""
    to = "to=oncall@team.example&cc=lead@team.example"
    return f"mailto://127.0.0.1:{port}?mode={mode}&from=moovitamix@localhost&format=text&{to}"


@contextmanager
def mail_server(**options: Any) -> Iterator[Mailbox]:
    """Serve SMTP on a free port; `options` are aiosmtpd's, `tls_context` among them."""
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        mailbox.port = probe.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port, **options)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


@contextmanager
def deaf_server() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
