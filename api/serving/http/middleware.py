"""ASGI middleware for every request: key, limit, size, security headers, counts, log.

Plain ASGI: Starlette's BaseHTTPMiddleware would run each request in its own task group.
"""

from __future__ import annotations

import secrets
from itertools import count
from math import ceil
from time import perf_counter_ns
from typing import TYPE_CHECKING

from api.serving.http import problems

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.serving.access.api_keys import Key, KeyRing
    from api.serving.access.rate_limit import Limits
    from api.serving.http.fast_path import FastPath
    from api.serving.telemetry.logs import Log
    from api.serving.telemetry.prometheus_metrics import Counts

OPEN = frozenset({"/health", "/ready", "/docs", "/openapi.json"})
"""Paths that need no key: health checks and the documentation."""
LARGEST_BODY = 16_384
LARGER_BODIES = {"/feedback": 524_288}
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
# FastAPI's page loads its script from there, and has one inline script.
_CDN = b"https://cdn.jsdelivr.net"
_DOCS_POLICY = (
    b"content-security-policy",
    b"default-src 'none'; connect-src 'self'; img-src data: https://fastapi.tiangolo.com; "
    b"style-src %b; script-src 'unsafe-inline' %b; frame-ancestors 'none'" % (_CDN, _CDN),
)


class Middleware:
    """Checks, counts and logs each request; the fast path answers what it can."""

    def __init__(  # noqa: PLR0913, PLR0917 - one of each thing that it minds
        self,
        app: ASGIApp,
        fast_path: FastPath,
        ring: KeyRing,
        limits: Limits,
        counts: Counts,
        log: Log,
        rate: float,
    ) -> None:
        self._app = app
        self._fast_path = fast_path
        self._ring = ring
        self._limits = limits
        self._counts = counts
        self._log = log
        self._rate = rate
        self._run = secrets.token_hex(4)
        self._numbers = count()

    @property
    def inner(self) -> ASGIApp:
        """The API behind it."""
        return self._app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, on the fast path if possible."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, request_id = perf_counter_ns(), f"{self._run}-{next(self._numbers):x}"
        status, route = 500, ""
        key: Key | None = None
        try:
            if scope["path"] not in OPEN:
                key = self._admit(scope)
            if key and (plain := self._fast_path.understand(scope)):
                route = plain[0]
                await _send_json(send, self._fast_path.answer(*plain), request_id)
                status = 200
            else:
                status = await self._pass_on(scope, receive, send, request_id)
        except problems.RequestFailed as refusal:
            status = refusal.status
            await _send_problem(scope, send, refusal, request_id)
        except Exception as error:
            self._log.failure(error, request_id)
            await _send_problem(scope, send, problems.unforeseen(), request_id)
        finally:
            route = route or getattr(scope.get("route"), "path", "other")
            spent = perf_counter_ns() - started
            self._counts.request(route, status, spent)
            self._log.request(route, status, spent, key.name if key else "", request_id)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> int:
        """Pass the request to FastAPI; return the status of its response."""
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *_added(scope["path"], request_id)]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if not status:
                raise
            # the client has its problem already, or is gone: this is for the log
            self._log.failure(error, request_id)
        return status

    def charge(self, key: Key, answers: int) -> None:
        """Take answers from a key's bucket; raises `RequestFailed` (429) when it holds too few."""
        if wait := self._limits.take(key.slot, answers):
            raise problems.RequestFailed(
                429,
                f"this key may ask for {self._rate:g} answers a second",
                {"retry-after": str(ceil(wait))},
            )

    def _admit(self, scope: Scope) -> Key:
        """Return the key of a request; raises `RequestFailed` when it may not pass."""
        secret = length = None
        chunked = False
        for name, value in scope["headers"]:
            if name == b"x-api-key":
                secret = value
            elif name == b"content-length":
                length = value
            elif name == b"transfer-encoding":
                chunked = True
        key = self._ring.find(secret) if secret else None
        if key is None:
            raise self._refusal()
        self.charge(key, 1)
        if chunked:
            raise problems.RequestFailed(411, "a body must come with its content-length")
        most = LARGER_BODIES.get(scope["path"], LARGEST_BODY)
        if length and int(length) > most:
            raise problems.RequestFailed(413, f"a body may have {most} bytes")
        scope["key"] = key
        return key

    def _refusal(self) -> problems.RequestFailed:
        """The problem of a request without a valid key; if there are no keys at all, it says so."""
        if self._ring.fault and not len(self._ring):
            return problems.RequestFailed(
                503, f"{self._ring.fault}; the server's log says what to do"
            )
        hint = "" if len(self._ring) else "; there is none yet: `moovitamix key add NAME`"
        return problems.RequestFailed(
            401, f"the header X-API-Key must hold a key{hint}", {"www-authenticate": "ApiKey"}
        )


async def _send_json(send: Send, body: bytes, request_id: str) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id.encode()),
        *_HEADERS,
        _POLICY,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_problem(
    scope: Scope, send: Send, problem: problems.RequestFailed, request_id: str
) -> None:
    response = problems.response(problem.status, problem.detail, problem.headers)
    response.raw_headers += _added(scope["path"], request_id)
    await response(scope, _nothing_more, send)


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}


def _added(path: str, request_id: str) -> list[tuple[bytes, bytes]]:
    policy = _DOCS_POLICY if path == "/docs" else _POLICY
    return [*_HEADERS, policy, (b"x-request-id", request_id.encode())]
