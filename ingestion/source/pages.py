"""The pages of a table, fetched in parallel, in order."""

import json
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self, TypeVar

from ingestion.errors import AnswerTooLarge, AnswerTooNested, ApiRefused, UnexpectedAnswer
from ingestion.source.http import Api
from ingestion.source.nesting import shape
from ingestion.source.parse import Body, ParsedPages, parse
from ingestion.source.tables import Table
from ingestion.source.window import Window

# What the app's original API serves at most; it answers 422 to anything above.
ORIGINAL_PAGE_SIZE = 100
UNPROCESSABLE = 422

# Small pages are read together: reading one of 100 records costs 190 µs, among others 90. Not too
# many, or a pull of empty pages would go on for long.
GROUP = 32
GROUP_BYTES = 4 * 1024 * 1024
# Large pages are not fetched far ahead: so much waits at most, if they are like the first one.
AHEAD_BYTES = 32 * 1024 * 1024
# Each costs memory by itself, however short it is: fifty for each record of the largest page.
MOST_OBJECTS = 500_000
PARSERS = 2  # the one thread that writes Parquet takes no more than these give

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Threads:
    """Thread pools for requests and for parsing, which is mostly outside the GIL."""

    fetching: ThreadPoolExecutor
    parsing: ThreadPoolExecutor
    concurrency: int

    @classmethod
    @contextmanager
    def started(cls, concurrency: int) -> Iterator[Self]:
        """Start the pools; they end with the block."""
        with (
            ThreadPoolExecutor(concurrency, "fetch") as fetching,
            ThreadPoolExecutor(PARSERS, "parse") as parsing,
        ):
            yield cls(fetching, parsing, concurrency)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The endpoint of a table, with the window of a pull."""

    api: Api
    table: Table
    window: Window
    nesting_max: int

    def body(self, number: int, size: int) -> Body:
        """Fetch one page, and check its shape."""
        query = {"page": str(number), "size": str(size), **self.window.query()}
        where = f"{self.table.name}, page {number}"
        raw = _as_utf_8(self.api.get(self.table.name, query), where)
        found = shape(raw)
        if found.depth > self.nesting_max:
            raise AnswerTooNested(where, self.nesting_max)
        if found.objects > MOST_OBJECTS or found.records > MOST_OBJECTS:
            raise UnexpectedAnswer(
                where, f"it has more than {MOST_OBJECTS:,} records, or lists and objects in them"
            )
        return Body(where, raw)


@dataclass(frozen=True, slots=True)
class TablePages:
    """A table whose first page has arrived: its envelope has the number of pages."""

    endpoint: Endpoint
    body: Body
    first: ParsedPages
    threads: Threads

    @property
    def total(self) -> int:
        """Records that the API announces."""
        return self.first.pages[0].total

    @property
    def size(self) -> int:
        """Records per page, by the API."""
        return max(self.first.pages[0].size, 1)

    @property
    def record_bytes(self) -> float:
        """Bytes per record, on the first page."""
        return len(self.body.raw) / max(self.first.pages[0].received, 1)

    @property
    def count(self) -> int:
        """Pages of the table."""
        return -(-self.total // self.size)

    def parsed(self) -> Iterator[ParsedPages]:
        """Parse all pages, the first one too, a few at a time, and a limited number ahead."""
        yield self.first
        table = self.endpoint.table
        parsing = (self.threads.parsing.submit(parse, group, table) for group in self._groups())
        yield from _in_order(parsing, PARSERS)

    def _groups(self) -> Iterator[list[Body]]:
        group: list[Body] = []
        ahead = AHEAD_BYTES // max(len(self.body.raw), 1)
        for body in _in_order(self._fetching(), min(self.threads.concurrency, max(ahead, 1))):
            group.append(body)
            if len(group) == GROUP or sum(len(one.raw) for one in group) >= GROUP_BYTES:
                yield group
                group = []
        if group:
            yield group

    def _fetching(self) -> Iterator[Future[Body]]:
        for number in range(2, self.count + 1):
            yield self.threads.fetching.submit(self.endpoint.body, number, self.size)


def open_table(endpoint: Endpoint, size: int, threads: Threads) -> TablePages:
    """Fetch the first page of a table, of `size` records or of the original API's largest size.

    Args:
        endpoint: The table's endpoint.
        size: Records per page.
        threads: The threads that fetch and parse further pages.

    Returns:
        The table with its first page.

    Raises:
        ApiRefused, AnswerTooLarge: Even a page of the original API's size was refused or too large.

    """
    try:
        body = endpoint.body(1, size)
    except (ApiRefused, AnswerTooLarge) as refused:
        is_unfit = isinstance(refused, AnswerTooLarge) or refused.status == UNPROCESSABLE
        if not is_unfit or size <= ORIGINAL_PAGE_SIZE:
            raise
        body = endpoint.body(1, ORIGINAL_PAGE_SIZE)
    return TablePages(endpoint, body, parse([body], endpoint.table), threads)


def _as_utf_8(raw: bytes, where: str) -> bytes:
    """A body as UTF-8 without a byte order mark, which JSON must not have and some APIs send."""
    encoding = json.detect_encoding(raw)
    if encoding == "utf-8":
        return raw
    try:
        return raw.decode(encoding).encode()
    except UnicodeDecodeError:
        if encoding == "utf-8-sig":  # texts that are no UTF-8 are found record by record
            return raw[3:]
        raise UnexpectedAnswer(where, f"it begins like {encoding}, and is none") from None


def _in_order(futures: Iterator[Future[T]], ahead: int) -> Iterator[T]:
    """The results of futures in their order, with `ahead` of them started."""
    started: deque[Future[T]] = deque()
    for future in futures:
        started.append(future)
        if len(started) >= ahead:
            yield started.popleft().result()
    while started:
        yield started.popleft().result()
