"""The login wall: every page of Airflow and its plugins needs a login, unless listed as open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.core_api.security import get_user
from fastapi import HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials
from starlette.responses import JSONResponse, RedirectResponse, Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

# The login's own pages, the ways to it and out of it, and health; Airflow guards no more than that.
OPEN_FOLDERS = ("/auth/",)
OPEN = ("/api/v2/monitor/health", "/api/v2/auth/login", "/api/v2/auth/logout", "/execution/health")
# What tasks speak to: it checks the token of each itself.
FOR_TASKS = "/execution/"
# Descriptions of an API are no part of a login.
DESCRIPTIONS = ("/docs", "/redoc", "/openapi.json")


class LoginWall:
    """Lets requests with a login through; redirects a browser to the login, else answers 401."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] == "lifespan" or (
            scope["type"] == "http" and await _may_pass(Request(scope))
        ):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await _refusal(Request(scope))(scope, receive, send)
        elif await is_logged_in(scope):
            await self.app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 4401})


async def _may_pass(request: Request) -> bool:
    path = request.scope["path"].removeprefix(request.scope.get("root_path", "")) or "/"
    bearer = request.headers.get("authorization", "")
    if path in OPEN or (path.startswith(OPEN_FOLDERS) and not path.endswith(DESCRIPTIONS)):
        return True
    if path.startswith(FOR_TASKS) and not path.endswith(DESCRIPTIONS):
        return bool(bearer)
    return await is_logged_in(request.scope)


async def is_logged_in(scope: Scope) -> bool:
    """Return whether a request has a login; a web socket only from a page of this server."""
    request = Request({**scope, "type": "http", "method": scope.get("method", "GET")})
    if scope["type"] == "websocket" and not _is_of_this_server(request):
        return False
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    given = HTTPAuthorizationCredentials(scheme=scheme, credentials=token) if token else None
    try:
        await get_user(request, None, given)
    except HTTPException:
        return False
    return True


def _is_of_this_server(request: Request) -> bool:
    """Return whether the page that asks is one of ours: browsers send its address."""
    origin = request.headers.get("origin", "")
    return origin.partition("://")[2] == request.headers.get("host", "")


def _refusal(request: Request) -> Response:
    """Answer as Airflow does: its pages redirect to the login, its API responds 401."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(get_auth_manager().get_url_login(next_url=str(request.url)))
    return JSONResponse({"detail": "Not authenticated"}, status_code=401)
