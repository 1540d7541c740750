"""Prometheus metrics of one app: how many requests, how long they took."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """ASGI middleware that counts requests, in one registry per app."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        labels = ("endpoint", "status")
        self._requests = Counter(
            "moovitamix_source_requests", "Requests answered", labels, registry=registry
        )
        self._seconds = Histogram(
            "moovitamix_source_request_seconds",
            "Seconds from request to answer",
            labels,
            registry=registry,
            buckets=_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count its status and duration."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = perf_counter(), "500"

        async def send_and_count(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_and_count)
        finally:
            # by route, not by path: paths that don't exist must not make a series each
            endpoint = getattr(scope.get("route"), "path", "none")
            self._requests.labels(endpoint, status).inc()
            self._seconds.labels(endpoint, status).observe(perf_counter() - started)
