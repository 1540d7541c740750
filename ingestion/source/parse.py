"""Pages from JSON to Arrow, without a Python object per record unless something is wrong."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import pyarrow as pa

from ingestion.errors import TooManyColumns
from ingestion.source.records import (
    Fault,
    RejectedRecord,
    as_json,
    as_text,
    fault_of,
    open_envelope,
)
from ingestion.source.tables import Table, envelope
from lake.schemas import from_json

# What a column of the lake may not be called: dlt adds the first two, the folder's name the third.
RESERVED = frozenset({"_dlt_load_id", "_dlt_id", "load_date"})

_NAME = re.compile(rb'"([^"\\]*)"\s*:')
# Cells of new columns on a page: Arrow has room for each, filled or not.
MOST_NEW_CELLS = 10_000_000
# As Python objects a page takes a dozen times the memory: one at a time.
_one_at_a_time = Lock()


@dataclass(frozen=True, slots=True)
class Body:
    """The raw body of one page; `where` names it in errors."""

    where: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """The envelope of one page, and its number of records."""

    total: int
    size: int
    received: int
    number: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedPages:
    """Consecutive pages: their envelopes, readable and rejected records."""

    pages: tuple[Page, ...]
    records: pa.Table
    rejected: tuple[RejectedRecord, ...] = ()


def parse(bodies: Sequence[Body], table: Table) -> ParsedPages:
    """Parse pages into the declared columns, then any new ones as text, in the API's order.

    Several small pages at once cost half of what they cost one by one.

    Raises:
        NotJson: A body is no JSON.
        UnexpectedAnswer: A body is no page.
        TooManyColumns: The records have too many different fields.
    """
    raws = [body.raw.strip() for body in bodies]
    try:
        return _read_at_once(raws, table)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        if len(bodies) == 1:
            with _one_at_a_time:
                return _read_apart(bodies[0], table)
    apart = [parse([body], table) for body in bodies]
    return ParsedPages(
        pages=tuple(page for parsed in apart for page in parsed.pages),
        records=pa.concat_tables([one.records for one in apart], promote_options="default"),
        rejected=tuple(rejected for parsed in apart for rejected in parsed.rejected),
    )


def fields_of(body: Body) -> set[str]:
    """Every field that any record of the page has, be it null."""
    with _one_at_a_time:
        records = open_envelope(body.raw, body.where).records
        return {name for record in records if isinstance(record, dict) for name in record}


def _read_at_once(raws: Sequence[bytes], table: Table) -> ParsedPages:
    if not all(raw.startswith(b"{") and raw.endswith(b"}") for raw in raws):
        raise pa.ArrowInvalid("not an object")  # pyarrow 25 crashes on a bare `null` or `1`
    raw = b"\n".join(raws)
    if not raw.isascii():
        raw.decode()  # Arrow would let through bytes that no reader of the lake can show
    answer = _read_declared(raw, table)
    if answer.num_rows != len(raws) or answer["items"].null_count:
        raise pa.ArrowInvalid("not a page for each body")
    lists = answer["items"].chunk(0)
    records = lists.flatten()
    extras = [field.name for field in records.type if field.name not in table.columns.names]
    if extras:  # read again as text: inferred, "2026-01-01" would become an instant
        texts = [pa.field(name, pa.string()) for name in extras]
        widened = pa.schema([*table.columns, *texts])
        records = _read_json(raw, widened)["items"].chunk(0).flatten()
    if records.null_count:
        raise pa.ArrowInvalid("a record is null")
    counts = [answer["total"], answer["size"], lists.value_lengths(), answer["page"]]
    envelopes = list(zip(*(column.to_pylist() for column in counts), strict=True))
    if any(count is None or count < 0 for envelope in envelopes for count in envelope[:3]):
        raise pa.ArrowInvalid("no counts")
    named = _named(pa.Table.from_struct_array(records), table)
    return ParsedPages(tuple(Page(*counts) for counts in envelopes), named)


def _read_apart(body: Body, table: Table) -> ParsedPages:
    opened = open_envelope(body.raw, body.where)
    good: list[dict[str, Any]] = []
    rejected: list[RejectedRecord] = []
    for record in opened.records:
        fault = fault_of(record, table)
        if fault:
            rejected.append(RejectedRecord(as_json(record), fault))
        else:
            good.append(record)
    declared = set(table.columns.names)
    extras = dict.fromkeys(name for record in good for name in record if name not in declared)
    if len(extras) * len(good) > MOST_NEW_CELLS:
        raise TooManyColumns(table.name, len(table.columns) + len(extras))
    columns = pa.schema([*table.columns, *((name, pa.string()) for name in extras)])
    pieces = list(_bisect(good, columns, rejected))
    arrow = pa.concat_tables(pieces) if pieces else columns.empty_table()
    page = Page(opened.total, opened.size, len(opened.records), opened.number)
    return ParsedPages((page,), _named(arrow, table), tuple(rejected))


def _bisect(
    records: list[dict[str, Any]], columns: pa.Schema, rejected: list[RejectedRecord]
) -> Iterable[pa.Table]:
    """The records that Arrow can read; the others go to `rejected`, with Arrow's message."""
    if not records:
        return
    declared = [field.name for field in columns if field.type != pa.string()]
    rows = [
        {name: row[name] if name in declared else as_text(row[name]) for name in row}
        for row in records
    ]
    try:
        answer = _read_json(json.dumps({"items": rows}).encode(), columns)
        yield pa.Table.from_struct_array(answer["items"].chunk(0).flatten())
    except pa.ArrowInvalid as error:
        if len(records) == 1:
            rejected.append(RejectedRecord(as_json(records[0]), Fault(str(error).splitlines()[0])))
            return
        middle = len(records) // 2
        yield from _bisect(records[:middle], columns, rejected)
        yield from _bisect(records[middle:], columns, rejected)


def _read_json(raw: bytes, columns: pa.Schema, unexpected: str = "infer") -> pa.Table:
    return from_json(raw, envelope(columns), unexpected)


def _read_declared(raw: bytes, table: Table) -> pa.Table:
    """Read pages of the declared columns, and of new ones unless Arrow found no room for them."""
    try:
        return _read_json(raw, table.columns, "error")
    except pa.ArrowInvalid as error:
        if "unexpected field" not in str(error):
            raise
    names = len(set(_NAME.findall(raw)))
    if names * raw.count(b"{") > MOST_NEW_CELLS:
        raise pa.ArrowInvalid("too many names")
    return _read_json(raw, table.columns)


def _named(records: pa.Table, table: Table) -> pa.Table:
    """New columns under names that meet no other one, read without regard to case."""
    names = records.column_names
    taken = {*table.columns.names, *RESERVED}
    for position in range(len(table.columns), len(names)):
        while not names[position] or names[position].lower() in taken:
            names[position] += "_"
        taken.add(names[position].lower())
    return records.rename_columns(names)
