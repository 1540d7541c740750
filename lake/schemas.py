"""The types of lake tables, and rows of a few objects as Arrow tables of such types."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from io import BytesIO

import pyarrow as pa
from pyarrow.json import ParseOptions, ReadOptions, read_json

TIMESTAMP = pa.timestamp("us")


def from_json(raw: bytes, columns: pa.Schema, unexpected: str = "infer") -> pa.Table:
    """JSON objects behind one another as a table of one chunk; raises `pa.ArrowInvalid`."""
    return read_json(
        BytesIO(raw),
        ReadOptions(use_threads=False, block_size=len(raw) + 1),
        ParseOptions(explicit_schema=columns, unexpected_field_behavior=unexpected),
    )


def from_rows(rows: Iterable[Mapping[str, object]], columns: pa.Schema) -> pa.Table:
    """A few rows as a table, by way of JSON: pyarrow's own way imports pandas, a second's CPU."""
    lines = "\n".join(json.dumps(row, default=datetime.isoformat) for row in rows)
    return from_json(lines.encode(), columns, "error") if lines else columns.empty_table()
