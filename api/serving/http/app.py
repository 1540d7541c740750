"""The FastAPI app of the serving API: its routes over the snapshot."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.serving.access.api_keys import KeyRing
from api.serving.access.rate_limit import Limits
from api.serving.errors import ServingError
from api.serving.feedback.hidden import Hidden
from api.serving.feedback.inbox_writer import Writer
from api.serving.http import problems, recommendation_filters, schemas
from api.serving.http.fast_path import DEFAULT_LIMIT, FastPath
from api.serving.http.feedback_routes import add_feedback
from api.serving.http.middleware import OPEN, Middleware
from api.serving.http.playlist_routes import add_playlists
from api.serving.http.responses import Responses
from api.serving.http.session_routes import add_session
from api.serving.snapshot.current import CurrentSnapshot
from api.serving.telemetry.logs import FailureLog
from api.serving.telemetry.prometheus_metrics import Counts, registry
from lake.errors import InboxUnavailable
from lake.feedback.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from pydantic import BaseModel

    from api.serving.settings import ServingSettings
    from api.serving.telemetry.logs import Log

_LOOK_EVERY = 0.1
_DESCRIPTION = """
What each user may want to hear next, as of the last publication. Times are UTC.

Every route except `/health`, `/ready` and this document needs a key in the header `X-API-Key`;
without one the status is 401. Each key has a rate limit (a batch counts once per user); beyond it
the status is 429 with `Retry-After`. Errors are `application/problem+json`.
"""


def create_app(settings: ServingSettings, log: Log) -> Middleware:
    """Create the API with its middleware around it."""
    served, ring = CurrentSnapshot(settings), KeyRing(settings.keys_file)
    inbox, counts = Inbox(settings.inbox_url), Counts()
    hidden = Hidden(inbox)
    with suppress(InboxUnavailable):  # it is tried again while this process serves
        hidden.refresh()
    responses = Responses(served, counts, hidden)

    @asynccontextmanager
    async def following(_: FastAPI) -> AsyncIterator[None]:
        # what is wrong with the files is logged once for all workers, by the refresher
        failures = FailureLog(log, ignored=ServingError)
        tasks = [
            asyncio.create_task(_follow([served.refresh, ring.refresh], failures)),
            asyncio.create_task(_follow_inbox(hidden, failures)),
        ]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        inbox.close()
        log.flush()

    app = FastAPI(
        title="MooVitamix recommendations",
        description=_DESCRIPTION,
        version="1.0.0",
        lifespan=following,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    limits = Limits(settings.folder / "limits", settings.rate, settings.burst)
    middleware = Middleware(app, FastPath(responses), ring, limits, counts, log, settings.rate)
    problems.add_handlers(app)
    _add_answers(app, responses, middleware)
    add_playlists(app, responses, settings.track_uri)
    add_feedback(app, Writer(inbox, hidden), middleware, counts, log)
    add_session(app, responses)
    _add_probes(app, responses, served, ring, settings.metrics_folder)
    app.openapi = _documenting(app)  # type: ignore[method-assign]
    return middleware


async def _follow(refreshing: list[Callable[[], None]], failures: FailureLog) -> None:
    """See a new snapshot and new keys within a tenth of a second."""
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        for refresh in refreshing:
            failures.run(refresh)


async def _follow_inbox(hidden: Hidden, failures: FailureLog) -> None:
    """See what other workers hid as soon; in a thread, for a database may keep us waiting."""
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        await asyncio.to_thread(failures.run, hidden.refresh)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


def _route(model: type[BaseModel], *problem: int) -> dict[str, Any]:
    return {
        "responses": {200: {"model": model}, **problems.documented(*problem)},
        "response_class": Response,
    }


def _add_answers(app: FastAPI, responses: Responses, middleware: Middleware) -> None:
    @app.get(
        "/users/{user_id}/recommendations",
        summary="What a user may want to hear next",
        **_route(schemas.Recommendations, 422, 503),
    )
    async def recommendations(
        user_id: schemas.UserId,
        wanted: recommendation_filters.Filters,
        limit: schemas.Limit = DEFAULT_LIMIT,
    ) -> Response:
        """The user's tracks, best first. An unknown user gets the popular ones, marked as such."""
        return _json(responses.user(user_id, limit, wanted))

    @app.get(
        "/tracks/{track_id}/similar",
        summary="What goes with a track",
        **_route(schemas.Similar, 404, 422, 503),
    )
    async def similar(track_id: schemas.TrackId, limit: schemas.Limit = DEFAULT_LIMIT) -> Response:
        """The tracks most like it, best first; 404 when there is no such track."""
        return _json(responses.similar(track_id, limit))

    @app.post(
        "/recommendations:batch",
        summary="What several users may want to hear next",
        **_route(schemas.Batch, 400, 411, 413, 422, 503),
    )
    async def batch(asked: schemas.BatchAsked, request: Request) -> Response:
        """Each user's tracks, all from the same predictions; counts as one answer a user."""
        middleware.charge(request.scope["key"], len(asked.user_ids) - 1)
        return _json(responses.users(asked.user_ids, asked.limit))

    @app.get("/model", summary="Which model is served", **_route(schemas.Model, 503))
    async def model() -> Response:
        """Its version, its metrics, and the data it learnt from."""
        return _json(responses.present().model())


def _add_probes(
    app: FastAPI, responses: Responses, served: CurrentSnapshot, ring: KeyRing, metrics_folder: Path
) -> None:
    metrics_of_all = registry(metrics_folder, served)

    @app.get("/health", summary="Whether it is up", **_route(schemas.Health))
    async def health() -> Response:
        """That this process answers, whatever it has to serve."""
        return _json(b'{"status":"ok"}')

    @app.get("/ready", summary="Whether it has something to serve", **_route(schemas.Ready, 503))
    async def ready() -> Response:
        """200 once there are answers, be they the last good ones; 503 until then."""
        manifest = responses.present().manifest
        content = {
            "status": "ready",
            "model_version": manifest.model_version,
            "publication_version": manifest.publication_version,
            "degraded": served.degraded or ring.fault,
        }
        return _json(orjson.dumps(content))

    @app.get("/metrics", summary="For Prometheus", response_class=Response)
    async def metrics() -> Response:
        """Requests, durations and strategies of all workers."""
        return Response(generate_latest(metrics_of_all), media_type=CONTENT_TYPE_LATEST)


def _documenting(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Add what the middleware does to the OpenAPI document: keys and limits."""
    plain = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        written = plain()
        parts = written.setdefault("components", {})
        parts["securitySchemes"] = {
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        template = "#/components/schemas/{model}"
        for model in (problems.Problem,):
            shown = model.model_json_schema(ref_template=template)
            parts["schemas"] |= shown.pop("$defs", {}) | {model.__name__: shown}
        for unused in ("HTTPValidationError", "ValidationError"):
            parts["schemas"].pop(unused, None)
        for path, methods in written["paths"].items():
            if path not in OPEN:
                for operation in methods.values():
                    operation["security"] = [{"key": []}]
                    guarded = problems.documented(401, 429)
                    operation["responses"] |= {
                        str(code): content for code, content in guarded.items()
                    }
        return written

    return document
