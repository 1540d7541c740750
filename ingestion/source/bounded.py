"""Limits of an HTTP answer: its duration, and its size before and after decompression."""

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
# Bytes read of an error response, to show them.
ERROR_BODY = 16 * 1024


class _Timed(io.RawIOBase):
    """A socket's stream with a deadline for all of it, besides the timeout of each read."""

    def __init__(self, raw: io.RawIOBase, socket: Any, seconds: float) -> None:  # noqa: ANN401 - plain or TLS
        self._raw, self._socket, self._seconds = raw, socket, seconds
        self._deadline = monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - as RawIOBase has it
        left = self._deadline - monotonic()
        if left <= 0:
            raise AnswerTooSlow(self._seconds)
        timeout = self._socket.gettimeout()
        if timeout is not None and timeout <= left:
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
    """Limit the duration of each answer, headers included, to `seconds`."""

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
    """Read the whole body of an answer.

    Args:
        response: The answer.
        where: Its name in the error.
        megabytes: Its limit, before and after decompression.

    Raises:
        AnswerTooLarge: before more than that is in memory.
    """
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
    """Read the start of an error response; the rest of a long one stays unread."""
    body = response.read(ERROR_BODY)
    if len(body) < ERROR_BODY:
        response.release_conn()
    else:
        response.close()
    return body


def _on_the_wire(response: urllib3.BaseHTTPResponse) -> int:
    return response.tell() if isinstance(response, urllib3.HTTPResponse) else 0
