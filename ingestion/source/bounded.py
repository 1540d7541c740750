"""Answers within bounds: how long one may take, how large it may be, packed and unpacked."""

import http.client
import io
from functools import partial
from io import BytesIO
from time import monotonic
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from ingestion.errors import AnswerTooLarge, AnswerTooSlow

CHUNK = 256 * 1024
# Of an answer that says no, so much is read to be shown.
ERROR_BODY = 16 * 1024


class _Timed(io.RawIOBase):
    """What comes out of a socket, until a deadline for all of it; each wait is bounded as well."""

    def __init__(self, raw: io.RawIOBase, socket: Any, seconds: float) -> None:  # noqa: ANN401 - plain or TLS
        self._raw, self._socket, self._seconds = raw, socket, seconds
        self._deadline = monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - as RawIOBase has it
        left = self._deadline - monotonic()
        if left <= 0:
            raise AnswerTooSlow(self._seconds)
        patience = self._socket.gettimeout()
        if patience is not None and patience <= left:
            return self._raw.readinto(buffer)
        self._socket.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        except TimeoutError:
            raise AnswerTooSlow(self._seconds) from None

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, socket: Any, *args: Any, seconds: float, **named: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(socket, *args, **named)
        self.fp = io.BufferedReader(_Timed(self.fp.detach(), socket, seconds), CHUNK)


def bind_duration(pools: urllib3.PoolManager, seconds: float) -> None:
    """Let each answer that comes through the pools, headers included, end within `seconds`."""

    class Plain(HTTPConnection):
        response_class = staticmethod(partial(_TimedResponse, seconds=seconds))  # type: ignore[assignment]

    class Encrypted(HTTPSConnection):
        response_class = staticmethod(partial(_TimedResponse, seconds=seconds))  # type: ignore[assignment]

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Encrypted

    pools.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}


def body_of(response: urllib3.BaseHTTPResponse, where: str, megabytes: int) -> bytes:
    """Return an answer's whole body; raises `AnswerTooLarge` before more than that is held."""
    limit = megabytes * 1024 * 1024
    length = response.headers.get("content-length", "")
    is_packed = response.headers.get("content-encoding", "identity") != "identity"
    if length.isdecimal() and len(length) < 20 and not is_packed:
        if int(length) > limit:
            response.close()
            raise AnswerTooLarge(where, megabytes)
        return response.read()
    body = BytesIO()  # its value is not copied once more, as joined pieces would be
    while piece := response.read(CHUNK):
        if body.tell() + len(piece) > limit or _on_the_wire(response) > limit:
            response.close()
            raise AnswerTooLarge(where, megabytes)
        body.write(piece)
    return body.getvalue()


def beginning_of(response: urllib3.BaseHTTPResponse) -> bytes:
    """Return what an answer that says no begins with; of a long one the rest is left unread."""
    body = response.read(ERROR_BODY)
    if len(body) < ERROR_BODY:
        response.release_conn()
    else:
        response.close()
    return body


def _on_the_wire(response: urllib3.BaseHTTPResponse) -> int:
    return response.tell() if isinstance(response, urllib3.HTTPResponse) else 0
