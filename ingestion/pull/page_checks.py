"""The pages of one table while they come in, with the checks on them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from ingestion.erasure.forgotten import Forgotten
from ingestion.errors import (
    ColumnMissing,
    PageIgnored,
    TooManyAnnounced,
    TooManyColumns,
    TooManyRejected,
    TotalChanged,
    TruncatedPull,
    TypeChanged,
)
from ingestion.pull.ingest_report import Pull
from ingestion.settings import IngestionSettings
from ingestion.source.http import Call
from ingestion.source.keys import Hashes, hashes, repeats
from ingestion.source.pages import TablePages
from ingestion.source.parse import Page, ParsedPages, fields_of
from ingestion.source.records import RejectedRecord
from ingestion.source.tables import Table
from lake.clock import utc_now

# Records per batch for dlt: a batch costs as much as some 1,000 records.
BATCH = 50_000
# Large records come in smaller batches.
BATCH_BYTES = 32 * 1024 * 1024


@dataclass(slots=True)
class Reading:
    """A table while its pages arrive."""

    table: Table
    settings: IngestionSettings
    people: Forgotten
    started_at: datetime = field(default_factory=utc_now)
    finished_at: datetime | None = None
    announced: int = 0
    received: int = 0
    forgotten: int = 0
    pages: int = 0
    rejected: list[RejectedRecord] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)
    keys: list[Hashes] = field(default_factory=list)
    silent: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.silent = self.table.columns.names

    def batches(self, opened: TablePages) -> Iterator[pa.Table]:
        """Yield the readable records, in batches of any number of pages.

        Raises:
            TruncatedPull: A page has another number of records than announced.
            TotalChanged: The announced total changed.
            PageIgnored: The API sends the same page again.
            TypeChanged: Too many values of a column have another type.
            ColumnMissing: A declared column is in no record.
            TooManyColumns: The records have too many different fields.
            TooManyRejected: Too many records can't be read.
        """
        self.announced = opened.total
        waiting: list[pa.Table] = []
        handed_over = 0
        for parsed in opened.parsed():
            self._require_other_pages(parsed, opened.first)
            for page in parsed.pages:
                self._count(page, opened.size)
            waiting.append(self._take(parsed))
            size = sum(records.nbytes for records in waiting)
            if self.received - handed_over >= BATCH or size >= BATCH_BYTES:
                yield pa.concat_tables(waiting, promote_options="default")
                handed_over = self.received
                waiting = []
        self.finished_at = utc_now()
        self._require_columns(opened)
        if waiting:
            yield pa.concat_tables(waiting, promote_options="default")

    def require_bounds(self, opened: TablePages) -> None:
        """Raise `TooManyAnnounced` if the first page announces more than a pull may load."""
        limits = {"records": self.settings.records_max, "pages": self.settings.pages_max}
        for what, count in {"records": opened.total, "pages": opened.count}.items():
            if count > limits[what]:
                raise TooManyAnnounced(self.table.name, count, what, limits[what])

    def repeats(self) -> Hashes:
        """The repeated keys."""
        return repeats(self.keys)

    def pull(self, calls: list[Call]) -> Pull:
        """Summarize what arrived so far, by which requests."""
        times = sorted(call.response_ms for call in calls)
        return Pull(
            table=self.table.name,
            announced=self.announced,
            received=self.received,
            rejected=len(self.rejected),
            pages=self.pages,
            bytes=sum(call.bytes for call in calls),
            requests=len(calls),
            retries=sum(call.is_repeated for call in calls),
            response_ms_p50=_percentile(times, 50),
            response_ms_p95=_percentile(times, 95),
            response_ms_p99=_percentile(times, 99),
            started_at=self.started_at,
            finished_at=self.finished_at or utc_now(),
            forgotten=self.forgotten,
        )

    def _require_other_pages(self, parsed: ParsedPages, first: ParsedPages) -> None:
        """Raise `PageIgnored` if the API sent the first page again, or another than requested."""
        one = first.pages[0].number
        for asked, page in enumerate(parsed.pages, self.pages + 1):
            if one is not None and page.number is not None and page.number != one + asked - 1:
                came = f"page {page.number} came" if one == 1 else "another one came"
                raise PageIgnored(self.table.name, asked, came)
        again = parsed.records.slice(0, first.records.num_rows)
        if self.pages == 1 and first.records.num_rows and again.equals(first.records):
            raise PageIgnored(self.table.name, 2, "the records of page 1 came again")

    def _count(self, page: Page, size: int) -> None:
        if page.total != self.announced:
            raise TotalChanged(self.table.name, self.announced, page.total)
        promised = min(size, self.announced - self.received)
        self.pages += 1
        self.received += page.received
        if page.received != promised:  # at once: behind it there may be a million empty pages
            raise TruncatedPull(self.table.name, self.pages, promised, page.received)

    def _take(self, parsed: ParsedPages) -> pa.Table:
        """Count the records of some pages; return those to load."""
        self.keys.append(hashes(parsed.records, self.table.key))
        person = self.table.person
        rejected = [one for one in parsed.rejected if not self.people.is_in(one.record, person)]
        self.rejected += rejected
        if rejected:
            self._require_few_rejected()
        records = parsed.records
        self.silent = [name for name in self.silent if records[name].null_count == records.num_rows]
        declared = len(self.table.columns)
        self.extras += [
            name for name in parsed.records.column_names[declared:] if name not in self.extras
        ]
        if declared + len(self.extras) > self.settings.columns_max:
            raise TooManyColumns(self.table.name, declared + len(self.extras))
        kept = self.people.without(records, person)
        self.forgotten += len(parsed.rejected) - len(rejected) + len(records) - len(kept)
        return kept

    def _require_columns(self, opened: TablePages) -> None:
        """Raise `ColumnMissing` if a column without values isn't even sent as null."""
        readable = self.received - len(self.rejected)
        if not self.silent or not readable:
            return
        fields = fields_of(opened.body)
        for name in self.silent:
            if name not in fields:
                raise ColumnMissing(self.table.name, name, readable)

    def _require_few_rejected(self) -> None:
        count, settings = len(self.rejected), self.settings
        if count <= max(settings.rejected_handful, settings.rejected_share * self.announced):
            return
        faults = [rejected.fault for rejected in self.rejected]
        typed = [(fault.column, fault.was, fault.now) for fault in faults if fault.column]
        if not typed:
            raise TooManyRejected(self.table.name, count, self.announced, faults[0].reason)
        [(worst, times)] = Counter(typed).most_common(1)
        shown = next(one.shown for one in faults if (one.column, one.was, one.now) == worst)
        raise TypeChanged(self.table.name, *worst, times, example=shown)


def _percentile(ordered: list[float], percent: int) -> float | None:
    """The nearest rank: a time that was measured, not one between two."""
    return ordered[(len(ordered) * percent - 1) // 100] if ordered else None
