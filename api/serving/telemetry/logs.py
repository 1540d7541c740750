"""JSON log lines on standard error, without user ids, paths or keys.

A thread writes them several times a second, so that a slow reader of the log never holds up an
answer; lines beyond what it can take are dropped and counted.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import traceback
from collections import deque
from datetime import UTC, datetime
from time import time
from typing import TYPE_CHECKING

from api.serving.errors import ServingError
from lake.clock import utc_now
from lake.errors import InboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

_WRITE_EVERY = 0.25
_MOST_WAITING = 200_000
_ATOMIC = 4096
"""The most bytes that a pipe takes from several writers without mixing their lines."""


class Log:
    """The log of one process."""

    def __init__(self, process: str) -> None:
        self._process = process
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._second, self._instant = 0, ""
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write_on, daemon=True)
        self._thread.start()

    def request(self, route: str, status: int, nanoseconds: int, key: str, request_id: str) -> None:
        """Log one request: its route, never its path.

        Args:
            route: The route's template.
            status: The HTTP status code.
            nanoseconds: How long the answer took.
            key: The name of the API key.
            request_id: The id of the request, as answered in its header.

        """
        if len(self._lines) >= _MOST_WAITING:
            self._dropped += 1
            return
        now = time()
        if (second := int(now)) != self._second:
            self._second = second
            self._instant = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        # every part is our own text: nothing to escape
        self._lines.append(
            f'{{"at":"{self._instant}.{int(now % 1 * 1000):03}","process":"{self._process}",'
            f'"event":"request","route":"{route}","status":{status},'
            f'"ms":{nanoseconds / 1e6:.3f},"key":"{key}","request_id":"{request_id}"}}\n'
        )

    def event(self, event: str, **details: object) -> None:
        """Log any other event."""
        at = utc_now().isoformat(timespec="milliseconds")
        content = {"at": at, "process": self._process, "event": event, **details}
        self._lines.append(json.dumps(content, default=str) + "\n")

    def failure(self, error: BaseException, request_id: str = "") -> None:
        """Log an unexpected error: its type and location, not its message."""
        frames = traceback.extract_tb(error.__traceback__)[-5:]
        where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        self.event("failure", error=type(error).__name__, where=where, request_id=request_id)

    def flush(self) -> None:
        """Write the waiting lines."""
        with self._writing:
            if dropped := self._dropped:
                self._dropped = 0
                self.event("lines dropped", lines=dropped)
            batch: list[str] = []
            size = 0
            while self._lines:
                line = self._lines.popleft()
                if batch and size + len(line) > _ATOMIC:
                    _write("".join(batch))
                    batch, size = [], 0
                batch.append(line)
                size += len(line)
            _write("".join(batch))

    def _write_on(self) -> None:
        while not self._stop.wait(_WRITE_EVERY):
            self.flush()


class FailureLog:
    """Runs checks again and again, and logs each failure once: until it changes or is over."""

    def __init__(self, log: Log, ignored: type[Exception] | tuple[()] = ()) -> None:
        self._log = log
        self._ignored = ignored
        self._last: dict[Callable[[], None], str] = {}

    def run(self, check: Callable[[], None]) -> None:
        """Run one check; whatever it raises, the next one can run."""
        try:
            check()
        except self._ignored:
            pass
        except Exception as error:
            if self._last.get(check) == repr(error):
                return
            self._last[check] = repr(error)
            if isinstance(error, (ServingError, InboxUnavailable)):  # its own words say what to do
                self._log.event("failure", error=type(error).__name__, reason=str(error))
            else:
                self._log.failure(error)
        else:
            self._last.pop(check, None)


class LogHandler(logging.Handler):
    """Logs the messages of libraries in the same form."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record: only its template, for the arguments may be personal data."""
        if record.exc_info and record.exc_info[1]:
            self._log.failure(record.exc_info[1])
        else:
            self._log.event("library", logger=record.name, message=str(record.msg))


def _write(text: str) -> None:
    rest = text.encode()
    while rest:
        rest = rest[os.write(sys.stderr.fileno(), rest) :]
