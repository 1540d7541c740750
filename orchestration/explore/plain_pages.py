"""Middleware: marimo's pages without the link to a manifest.

Browsers fetch a manifest without their cookies, so behind a login each page would report an error.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MANIFEST = re.compile(rb"<link[^>]*rel=.manifest.[^>]*>")


class PlainPages:
    """Removes the link from each page of HTML."""

    def __init__(self, app: "ASGIApp") -> None:
        self.app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer a request; a page is held until it is whole."""
        held: list[Message] = []

        async def pass_on(message: "Message") -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                held.append(message)
                return
            if held:
                held.append(message)
                if not message.get("more_body"):
                    await _send_page(held, send)
                return
            await send(message)

        await self.app(scope, receive, pass_on)


def _is_page(start: "Message") -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/html")
        for name, value in start["headers"]
    )


async def _send_page(held: "list[Message]", send: "Send") -> None:
    start, *parts = held
    body = MANIFEST.sub(b"", b"".join(part.get("body", b"") for part in parts))
    kept = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
    headers = [*kept, (b"content-length", str(len(body)).encode())]
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": body})
