"""HTTP requests to the app's API: bounded retries and redirects, and a log of every call."""

import sys
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from time import monotonic, perf_counter
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError

from ingestion.access import plain_url, redacted
from ingestion.errors import (
    AnswerTooLarge,
    AnswerTooSlow,
    ApiDown,
    ApiRefused,
    IngestionError,
    RedirectedElsewhere,
)
from ingestion.settings import IngestionSettings
from ingestion.source.bounded import beginning_of, body_of
from ingestion.source.connections import connection_pool
from lake.clock import utc_now

AGAIN = frozenset({429, 500, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A missing slash takes one, a proxy that normalizes paths one more.
MOST_REDIRECTS = 3


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
        """The outcome: ok, refused (answered otherwise) or down (not answered)."""
        if self.status is None:
            return "down"
        return "ok" if self.status == 200 else "refused"


class Api:
    """A client of the app's API; closing it also ends pauses between retries.

    `calls` logs every request by endpoint, from all threads.
    """

    def __init__(self, settings: IngestionSettings) -> None:
        self.calls: dict[str, list[Call]] = {}
        self._url = settings.api_url
        self._settings = settings
        self._secrets = settings.secrets
        self._closed = Event()
        self._pool = connection_pool(settings)
        self._retry = urllib3.Retry(
            total=settings.retries,
            connect=min(settings.connect_retries, settings.retries),
            status_forcelist=AGAIN,
            backoff_factor=settings.backoff,
            backoff_jitter=settings.backoff,
            backoff_max=settings.backoff_max,
            retry_after_max=sys.maxsize,  # what is too long is refused, not shortened
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

    def get(self, endpoint: str, query: dict[str, str]) -> bytes:
        """Return the body of a 200 answer; retry transient failures with growing pauses.

        urllib3's `Retry` decides, but the loop is ours: every answer is timed, and the end of the
        pull interrupts a pause.

        Raises:
            ApiRefused: Any other status, at once.
            AnswerTooLarge: The body exceeds its limit.
            AnswerTooSlow: The body does not end within its limit.
            RedirectedElsewhere: The answer leads to another server.
            ApiDown: All retries failed.
        """
        url = f"{self._url}/{endpoint}" + (f"?{urlencode(query)}" if query else "")
        retry, since = self._retry, monotonic()
        while not self._closed.is_set():
            response: urllib3.BaseHTTPResponse | None = None
            failure: HTTPError | None = None
            try:
                response, body = self._follow(endpoint, url, again=bool(retry.history))
                if response.status == 200:
                    return body
            except HTTPError as error:
                failure = error
            try:
                retry = retry.increment("GET", url, response, failure)
            except MaxRetryError as exhausted:
                reason = redacted(str(exhausted.reason), self._secrets)
                raise ApiDown(plain_url(url), len(retry.history) + 1, reason) from failure
            self._pause(url, self._wait_before_retry(url, retry, response), since)
        raise ApiDown(plain_url(url), len(retry.history), "the pull ended meanwhile")

    def _follow(
        self, endpoint: str, url: str, *, again: bool
    ) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        """Request a URL, and follow its redirects on the same server."""
        target = url
        for _ in range(MOST_REDIRECTS + 1):
            response, body = self._request(endpoint, target, again=again)
            status, place = response.status, response.headers.get("location")
            if status == 200 or status in AGAIN:
                return response, body
            if status not in REDIRECTS or not place:
                shown = redacted(body.decode(errors="replace"), self._secrets)
                raise ApiRefused(plain_url(url), status, shown[:200])
            target = self._redirect_target(target, place)
        raise RedirectedElsewhere(plain_url(url), f"on and on, {MOST_REDIRECTS} times and more")

    def _request(
        self, endpoint: str, url: str, *, again: bool
    ) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        """Send one request and log the call, also one that breaks off or exceeds its limits.

        The body is whole if the status is 200; of others it is the start.
        """
        started, body, status = perf_counter(), b"", None
        error: HTTPError | IngestionError | None = None
        try:
            response = self._pool.urlopen("GET", url, preload_content=False, redirect=False)
            status = response.status
            if status == 200:
                body = body_of(response, plain_url(url), self._settings.answer_max_mb)
            else:
                body = beginning_of(response)
        except HTTPError as broken:
            error, status = broken, None
        except AnswerTooLarge as large:
            error = large
        except AnswerTooSlow as slow:
            error = AnswerTooSlow(slow.seconds, plain_url(url))
        elapsed = (perf_counter() - started) * 1000
        name = type(error).__name__ if error else None
        call = Call(utc_now(), elapsed, len(body), status, name, again)
        self.calls.setdefault(endpoint, []).append(call)
        if error:
            raise error
        return response, body

    def _redirect_target(self, url: str, place: str) -> str:
        """The target of a redirect; raises `RedirectedElsewhere` if it leaves this API."""
        try:
            target = urljoin(url, place)
            is_same = _server(target) == _server(url) and urlsplit(target).username is None
        except ValueError:
            target, is_same = place, False
        if not is_same or not target.isprintable():
            raise RedirectedElsewhere(plain_url(url), redacted(plain_url(target), self._secrets))
        return target

    def _pause(self, url: str, seconds: float, since: float) -> None:
        """Wait before a retry, unless that would exceed the time limit of one answer."""
        most = self._settings.wait_max
        if monotonic() - since + seconds > most:
            reason = f"it would take more than {most:g} s (MOOVITAMIX_WAIT_MAX) of trying again"
            raise ApiDown(plain_url(url), 0, reason)
        self._closed.wait(seconds)

    def _wait_before_retry(
        self, url: str, retry: urllib3.Retry, response: urllib3.BaseHTTPResponse | None
    ) -> float:
        """The seconds that the API asks for (`Retry-After`), else those of the backoff."""
        try:
            seconds = (response and retry.get_retry_after(response)) or 0.0
        except (InvalidHeader, ValueError, OverflowError):  # no date, or none that a clock has
            seconds = 0.0
        most = self._settings.retry_after_max
        if seconds > most:
            reason = f"it asks to wait {seconds:,.0f} s, and MOOVITAMIX_RETRY_AFTER_MAX is {most}"
            raise ApiDown(plain_url(url), len(retry.history), reason)
        return seconds or retry.get_backoff_time()


def _server(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, port
