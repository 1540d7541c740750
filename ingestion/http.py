"""One connection pool to the app's API: bounded patience, and a count of everything."""

from dataclasses import dataclass
from datetime import datetime
from threading import Event, Lock
from time import perf_counter
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError

from ingestion.errors import ApiDown, ApiRefused
from ingestion.settings import IngestionSettings
from ingestion.window import utc_now

AGAIN = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Call:
    """One request and its answer; without an answer there is an `error` and no `status`."""

    called_at: datetime
    response_ms: float
    bytes: int
    status: int | None
    error: str | None
    is_repeated: bool

    @property
    def outcome(self) -> str:
        """How it went: ok, refused (answered otherwise) or down (not answered)."""
        if self.status is None:
            return "down"
        return "ok" if self.status == 200 else "refused"


class Traffic:
    """What one endpoint's requests cost, counted by the threads that make them."""

    __slots__ = ("_lock", "_taken", "calls")

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken = 0
        self.calls: list[Call] = []

    def count(
        self, started: float, size: int, *, again: bool, status: int | None, error: str | None
    ) -> None:
        """Count one request that began at `started` (perf_counter) and brought `size` bytes."""
        elapsed = (perf_counter() - started) * 1000
        call = Call(utc_now(), elapsed, size, status, error, again)
        with self._lock:
            self.calls.append(call)

    def taken(self) -> list[Call]:
        """The calls that nobody has taken yet."""
        with self._lock:
            new = self.calls[self._taken :]
            self._taken = len(self.calls)
        return new


class Api:
    """The app's API; closing it also wakes whoever waits to ask again."""

    def __init__(self, settings: IngestionSettings) -> None:
        self._url = settings.api_url
        self._closed = Event()
        self._pool = urllib3.PoolManager(
            maxsize=settings.concurrency,
            block=True,
            retries=False,
            timeout=urllib3.Timeout(connect=settings.connect_timeout, read=settings.read_timeout),
            headers={"accept": "application/json", "user-agent": "moovitamix-ingestion"},
        )
        self._patience = urllib3.Retry(
            total=settings.retries,
            connect=min(settings.connect_retries, settings.retries),
            status_forcelist=AGAIN,
            backoff_factor=settings.backoff,
            backoff_jitter=settings.backoff,
            backoff_max=settings.backoff_max,
            retry_after_max=settings.retry_after_max,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed.set()
        self._pool.clear()

    def get(self, path: str, query: dict[str, str], traffic: Traffic) -> bytes:
        """The body of a 200 answer; after a transient failure asks again, ever more slowly.

        urllib3's `Retry` decides, but the loop is ours: so that every single answer is timed, and
        the end of the pull interrupts a pause. Raises `ApiRefused` at once on any other status,
        `ApiDown` when patience ends.
        """
        url = f"{self._url}/{path}" + (f"?{urlencode(query)}" if query else "")
        patience = self._patience
        while not self._closed.is_set():
            started = perf_counter()
            again = bool(patience.history)
            try:
                response = self._pool.request("GET", url)
            except HTTPError as error:
                kind = type(error).__name__
                traffic.count(started, 0, again=again, status=None, error=kind)
                patience = _spent(patience, url, error=error)
                self._closed.wait(patience.get_backoff_time())
            else:
                size, status = len(response.data), response.status
                traffic.count(started, size, again=again, status=status, error=None)
                if response.status == 200:
                    return response.data
                if response.status not in AGAIN:
                    body = response.data[:200].decode(errors="replace").strip()
                    raise ApiRefused(url, response.status, body)
                patience = _spent(patience, url, response=response)
                self._closed.wait(_asked_to_wait(patience, response))
        raise ApiDown(url, len(patience.history), "the pull ended meanwhile")


def _spent(
    patience: urllib3.Retry,
    url: str,
    *,
    error: HTTPError | None = None,
    response: urllib3.BaseHTTPResponse | None = None,
) -> urllib3.Retry:
    try:
        return patience.increment("GET", url, response, error)
    except MaxRetryError as exhausted:
        raise ApiDown(url, len(patience.history) + 1, str(exhausted.reason)) from error


def _asked_to_wait(patience: urllib3.Retry, response: urllib3.BaseHTTPResponse) -> float:
    try:
        asked = patience.get_retry_after(response)
    except InvalidHeader:
        asked = None
    return asked or patience.get_backoff_time()
