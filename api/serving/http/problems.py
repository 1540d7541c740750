"""Error responses as RFC 9457 problems, never with a stack trace."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import Response
from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    where: list[str | int] = Field(examples=[["query", "limit"]])
    what: str = Field(examples=["Input should be less than or equal to 50"])


class Problem(BaseModel):
    """A problem of RFC 9457, as an exception."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Too Many Requests"])
    status: int = Field(examples=[429])
    detail: str = Field(examples=["this key may ask for 200 answers a second"])
    faults: list[Fault] | None = Field(default=None, description="of a request that is wrong (422)")


class RequestFailed(Exception):
    """A request that ends in a problem."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


def unforeseen() -> RequestFailed:
    """The problem of an internal error: the client learns only that there was one."""
    return RequestFailed(500, "an internal error; it was logged")


def rendered(status: int, detail: str, faults: list[dict[str, Any]] | None = None) -> bytes:
    """Write a problem as JSON.

    Args:
        status: The HTTP status code.
        detail: What is wrong, in a sentence.
        faults: One entry for each wrong field of the request.

    """
    title = HTTPStatus(status).phrase
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return orjson.dumps(content | ({"faults": faults} if faults else {}))


def response(
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    faults: list[dict[str, Any]] | None = None,
) -> Response:
    """Make a problem the response.

    Args:
        status: The HTTP status code.
        detail: What is wrong, in a sentence.
        headers: More headers of the response.
        faults: One entry for each wrong field of the request.

    """
    return Response(rendered(status, detail, faults), status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problem responses for the OpenAPI document."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def add_handlers(app: FastAPI) -> None:
    """Turn every exception of a request into a problem."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    app.add_exception_handler(RequestFailed, _no_answer)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _unforeseen)


async def _no_answer(_: Request, problem: RequestFailed) -> Response:
    return response(problem.status, problem.detail, problem.headers)


async def _http(_: Request, error: HTTPException) -> Response:
    return response(error.status_code, str(error.detail), error.headers)


async def _invalid(_: Request, error: RequestValidationError) -> Response:
    faults = [{"where": list(fault["loc"]), "what": fault["msg"]} for fault in error.errors()]
    return response(422, "the request is not as documented", faults=faults)


async def _unforeseen(_: Request, __: Exception) -> Response:
    return response(500, unforeseen().detail)
