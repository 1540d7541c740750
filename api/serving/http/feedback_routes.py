"""The routes of feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from fastapi import FastAPI, Request, Response

from api.serving.feedback.event_schemas import EVENTS_PER_ANSWER, Feedback, Stored
from api.serving.http import problems, schemas
from lake.clock import utc_now
from lake.errors import InboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from api.serving.feedback.inbox_writer import Writer
    from api.serving.http.middleware import Middleware
    from api.serving.telemetry.logs import Log
    from api.serving.telemetry.prometheus_metrics import Counts

_PROBLEMS = problems.documented(422, 503)


def add_feedback(
    app: FastAPI, writer: Writer, middleware: Middleware, counts: Counts, log: Log
) -> None:
    """Add the routes to the app.

    Args:
        app: The app.
        writer: Stores what comes.
        middleware: Charges a key for large batches.
        counts: Counts the events.
        log: Gets the reason when the inbox can't be used.

    """

    async def stored(storing: Awaitable[Any]) -> Any:  # noqa: ANN401 - whatever it stores
        try:
            return await storing
        except InboxUnavailable as error:
            log.event("feedback not stored", reason=str(error))
            raise problems.RequestFailed(
                503, "feedback can't be stored at present; send it again", {"retry-after": "5"}
            ) from error

    @app.post(
        "/feedback",
        summary="What users played, skipped, liked or hid",
        status_code=202,
        response_class=Response,
        responses={202: {"model": Stored}, **problems.documented(400, 411, 413), **_PROBLEMS},
    )
    async def feedback(reported: Feedback, request: Request) -> Response:
        """Durable when acknowledged. All events of a request are stored, or none."""
        middleware.charge(request.scope["key"], (len(reported.events) - 1) // EVENTS_PER_ANSWER)
        now = utc_now()
        accepted = await stored(writer.add([event.event(now) for event in reported.events]))
        duplicates = len(reported.events) - accepted
        counts.feedback(accepted, duplicates)
        body = orjson.dumps({"accepted": accepted, "duplicates": duplicates})
        return Response(body, 202, media_type="application/json")

    @app.delete(
        "/users/{user_id}/feedback",
        summary="Void all feedback of a user",
        status_code=204,
        response_class=Response,
        responses=_PROBLEMS,
    )
    async def clear(user_id: schemas.UserId) -> Response:
        """What the user hid is shown again, and what came before this counts no more."""
        await stored(writer.clear(user_id))
        return Response(status_code=204)
