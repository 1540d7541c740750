"""The app's API: three paged endpoints over a world, its health and its metrics."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from api.source.http.paging import Page, PageQuery, Since, Size, Until, answer
from api.source.http.request_metrics import Metrics
from api.source.http.schemas import Health, PageOf, Session, Track, User

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic import BaseModel

    from api.source.simulated_clock import Clock
    from api.source.view import View


class World(Protocol):
    """Anything that can be looked at at an instant."""

    def at(self, clock: datetime) -> dict[str, View]:
        """Show each table as it stands at an instant."""


class CurrentWorld:
    """The world at the clock: looked at again when the clock has moved, by one request."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self._lock = asyncio.Lock()
        self._state: tuple[datetime, dict[str, View]] | None = None

    async def now(self) -> tuple[datetime, dict[str, View]]:
        """Return the clock, and the tables as they stand at it."""
        clock = self._clock.read()
        if self._state is None or self._state[0] != clock:
            async with self._lock:
                if self._state is None or self._state[0] < clock:
                    # a block may have to be made: other requests are answered meanwhile
                    self._state = clock, await asyncio.to_thread(self._world.at, clock)
        return self._state


def create_app(world: World, clock: Clock, name: str = "generated") -> FastAPI:
    """Put a world behind the API.

    Args:
        world: The records to serve.
        clock: The clock that decides what has happened.
        name: The name that `/health` tells.

    """
    app = FastAPI(
        title="MooVitamix",
        description="Tracks, users and listening history of a music app. Instants are UTC.",
        version="1.0.0",
    )
    registry = CollectorRegistry()
    app.add_middleware(Metrics, registry=registry)
    shown = CurrentWorld(world, clock)
    _add_tables(app, shown)

    @app.get("/health")
    async def health() -> Health:
        """Health of the API, and the instant of its clock."""
        instant, views = await shown.now()
        sizes = {table: len(view) for table, view in views.items()}
        return Health(status="ok", clock=instant.isoformat(), world=name, **sizes)

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Request counts and latencies, for Prometheus."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return app


def _add_tables(app: FastAPI, shown: CurrentWorld) -> None:
    def add(table: str, model: type[BaseModel], summary: str) -> None:
        async def endpoint(
            page: Page = 1,
            size: Size = 100,
            updated_since: Since = None,
            updated_until: Until = None,
        ) -> Response:
            _, views = await shown.now()
            asked = PageQuery(page, size, updated_since, updated_until)
            return Response(answer(views[table], asked), media_type="application/json")

        app.add_api_route(
            f"/{table}",
            endpoint,
            name=table,
            summary=summary,
            description="In the order of `updated_at`, then id; unknown parameters are ignored.",
            responses={200: {"model": model}},
            response_class=Response,
        )

    add("tracks", PageOf[Track], "The catalogue")
    add("users", PageOf[User], "The users' profiles")
    add(
        "listen_history",
        PageOf[Session],
        "The listening sessions, those in progress as far as they are",
    )
