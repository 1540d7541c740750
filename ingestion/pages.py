"""A table's pages, several at a time, in their order."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from ingestion.errors import ApiRefused
from ingestion.http import Api, Traffic
from ingestion.parse import Page, parse
from ingestion.tables import Table
from ingestion.window import Window

# What the app's original API serves at most; it answers 422 to anything above.
ORIGINAL_PAGE_SIZE = 100
UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a table's pages come from, and within which window."""

    api: Api
    table: Table
    window: Window
    traffic: Traffic

    def page(self, number: int, size: int) -> Page:
        """Fetch and parse one page, in a thread of the pool: most of it runs outside the GIL."""
        query = {"page": str(number), "size": str(size), **self.window.query()}
        raw = self.api.get(self.table.name, query, self.traffic)
        return parse(raw, self.table, f"{self.table.name}, page {number}")


@dataclass(frozen=True, slots=True)
class Opened:
    """A table whose first page has come: the envelope tells how many more there are."""

    endpoint: Endpoint
    first: Page
    pool: ThreadPoolExecutor
    concurrency: int

    def pages(self) -> Iterator[Page]:
        """All pages, the first one too; at most `concurrency` are in flight or waiting."""
        yield self.first
        size = max(self.first.size, 1)
        numbers = iter(range(2, -(-self.first.total // size) + 1))
        coming: deque[Future[Page]] = deque()
        for number in numbers:
            coming.append(self.pool.submit(self.endpoint.page, number, size))
            if len(coming) >= self.concurrency:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def first_page(endpoint: Endpoint, size: int) -> Page:
    """The first page of the wanted size, or of the original API's where that is refused."""
    try:
        return endpoint.page(1, size)
    except ApiRefused as refused:
        if refused.status != UNPROCESSABLE or size <= ORIGINAL_PAGE_SIZE:
            raise
    return endpoint.page(1, ORIGINAL_PAGE_SIZE)
