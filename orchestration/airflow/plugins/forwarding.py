"""The pages of `moovitamix explore` inside Airflow: requests and web sockets are passed on to it.

Its server has no login of its own and listens where only this machine, or the containers of this
stack, can reach it. Neither Airflow's cookies nor its tokens are passed on.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from orchestration.airflow.plugins.login_wall import is_logged_in
from orchestration.run.stack_settings import ExploreSettings

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send
    from websockets.asyncio.client import ClientConnection

# What belongs to one connection, or to Airflow alone.
KEPT_BACK = {"authorization", "cookie", "host", "proxy-authorization", "set-cookie"} | {
    *("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
}
HEADERS = {"Content-Security-Policy": "frame-ancestors 'self'"}
PATIENCE = httpx.Timeout(10, read=120)  # a question to a large publication takes its time
MOST_BYTES = 64 * 2**20  # of one message: a page with all its charts is some 100 kB
GOING_AWAY = 1001


class Forwarder:
    """Passes everything below its place on to the server of the pages."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request or one web socket."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        query = scope.get("query_string", b"").decode()
        server = ExploreSettings().url.rstrip("/")
        if not await is_logged_in(scope):
            await _refuse(scope, receive, send)
            return
        address = f"{server}{path}{f'?{query}' if query else ''}"
        if scope["type"] == "websocket":
            await _pass_messages(WebSocket(scope, receive, send), address)
        elif not server:
            answer = JSONResponse({"detail": "MOOVITAMIX_EXPLORE_URL is not set"}, 404)
            await answer(scope, receive, send)
        else:
            await _pass_request(Request(scope, receive), address, send)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4401})
    else:
        await JSONResponse({"detail": "Not authenticated"}, 401)(scope, receive, send)


async def _pass_request(request: Request, address: str, send: Send) -> None:
    """Ask the server of the pages, and answer as it does, part by part."""
    headers = [(name, value) for name, value in request.headers.items() if name not in KEPT_BACK]
    body = await request.body()
    try:
        async with (
            httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client,
            client.stream(request.method, address, headers=headers, content=body) as answer,
        ):
            kept = {k: v for k, v in answer.headers.items() if k not in KEPT_BACK} | HEADERS
            passed = StreamingResponse(answer.aiter_raw(), answer.status_code, kept)
            await passed(request.scope, request.receive, send)
    except httpx.ConnectError:
        unreachable = JSONResponse({"detail": "the pages' server does not answer"}, 502)
        await unreachable(request.scope, request.receive, send)


async def _pass_messages(browser: WebSocket, address: str) -> None:
    """Pass messages both ways until one side ends."""
    try:
        async with connect(
            address.replace("http", "ws", 1), max_size=MOST_BYTES, proxy=None
        ) as server:
            await browser.accept()
            ways = {
                asyncio.create_task(_to_server(browser, server)),
                asyncio.create_task(_to_browser(server, browser)),
            }
            _, unfinished = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in unfinished:
                way.cancel()
    except (OSError, InvalidHandshake):
        pass  # it is not there, or does not want it
    with suppress(RuntimeError):  # the browser has gone
        await browser.close(GOING_AWAY)


async def _to_server(browser: WebSocket, server: ClientConnection) -> None:
    with suppress(WebSocketDisconnect, ConnectionClosed):
        while True:
            message = await browser.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            await server.send(message["bytes"] if text is None else text)


async def _to_browser(server: ClientConnection, browser: WebSocket) -> None:
    with suppress(ConnectionClosed, RuntimeError):
        async for message in server:
            if isinstance(message, str):
                await browser.send_text(message)
            else:
                await browser.send_bytes(message)
