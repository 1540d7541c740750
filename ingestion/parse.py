"""The bytes of a page to Arrow, without a Python object per record unless something is wrong."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ingestion.records import Fault, Rejected, as_json, as_text, fault_of, open_envelope
from ingestion.tables import Table, envelope, from_json

# What a column of the lake may not be called: dlt adds the first two, the folder's name the third.
RESERVED = frozenset({"_dlt_load_id", "_dlt_id", "load_date"})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a table: its envelope's counts, its records, and those that can't be read."""

    total: int
    size: int
    records: pa.Table
    rejected: tuple[Rejected, ...] = ()

    @property
    def received(self) -> int:
        """Records that came, readable or not."""
        return int(self.records.num_rows) + len(self.rejected)


def parse(raw: bytes, table: Table, where: str) -> Page:
    """A page as the table's declared columns, then any new ones as text, in the API's order.

    Raises `NotJson` or `UnexpectedAnswer` for what is no page at all.
    """
    try:
        return _read_at_once(raw, table)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return _read_apart(raw, table, where)


def _read_at_once(raw: bytes, table: Table) -> Page:
    if not raw.isascii():
        raw.decode()  # Arrow would let through bytes that no reader of the lake can show
    answer = _read_json(raw, table.columns)
    if answer.num_rows != 1 or answer["items"].null_count:
        raise pa.ArrowInvalid("not one page")
    items = answer["items"].chunk(0).flatten()
    extras = [field.name for field in items.type if field.name not in table.columns.names]
    if extras:  # read again as text: inferred, "2026-01-01" would become an instant
        texts = [pa.field(name, pa.string()) for name in extras]
        widened = pa.schema([*table.columns, *texts])
        items = _read_json(raw, widened)["items"].chunk(0).flatten()
    if items.null_count:
        raise pa.ArrowInvalid("a record is null")
    total, size = answer["total"][0].as_py(), answer["size"][0].as_py()
    if total is None or size is None or min(total, size) < 0:
        raise pa.ArrowInvalid("no counts")
    return Page(total, size, _named(pa.Table.from_struct_array(items), table))


def _read_apart(raw: bytes, table: Table, where: str) -> Page:
    records, total, size = open_envelope(raw, where)
    good: list[dict[str, Any]] = []
    rejected: list[Rejected] = []
    for record in records:
        fault = fault_of(record, table)
        if fault:
            rejected.append(Rejected(as_json(record), fault))
        else:
            good.append(record)
    declared = set(table.columns.names)
    extras = dict.fromkeys(name for record in good for name in record if name not in declared)
    columns = pa.schema([*table.columns, *((name, pa.string()) for name in extras)])
    pieces = list(_bisect(good, columns, rejected))
    arrow = pa.concat_tables(pieces) if pieces else columns.empty_table()
    return Page(total, size, _named(arrow, table), tuple(rejected))


def _bisect(
    records: list[dict[str, Any]], columns: pa.Schema, rejected: list[Rejected]
) -> Iterable[pa.Table]:
    """The records that Arrow can read; the others go to `rejected`, with what Arrow said."""
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
            rejected.append(Rejected(as_json(records[0]), Fault(str(error).splitlines()[0])))
            return
        middle = len(records) // 2
        yield from _bisect(records[:middle], columns, rejected)
        yield from _bisect(records[middle:], columns, rejected)


def _read_json(raw: bytes, columns: pa.Schema) -> pa.Table:
    return from_json(raw, envelope(columns))


def _named(records: pa.Table, table: Table) -> pa.Table:
    """New columns under names that meet no other one, read without regard to case."""
    names = records.column_names
    taken = {*table.columns.names, *RESERVED}
    for position in range(len(table.columns), len(names)):
        while not names[position] or names[position].lower() in taken:
            names[position] += "_"
        taken.add(names[position].lower())
    return records.rename_columns(names)
