"""Parquet to rendered rows: DuckDB writes each record's JSON text, and puts them in order."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from api.source.rows import NEVER
from lake.paths import NO_PARTITIONS, literal, pattern_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

TABLES = ("tracks", "users", "listen_history")

_MEMORY = "600MB"  # what is beyond it is sorted on disk
_BATCH = 20_000
_INSTANT = "strftime({0}, '%Y-%m-%dT%H:%M:%S.%f')"


@contextmanager
def engine(spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB in memory that spills to a folder."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY,
        "temp_directory": str(spill),
        "threads": 2,
    }
    with duckdb.connect(config=config) as connection:
        yield connection


def render(
    connection: duckdb.DuckDBPyConnection, table: str, relation: str, fields: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Render a relation's fields as rows, in the order of `updated_at`, id, `created_at`.

    What is equal in all of these is put in order by its text, so that a page is always the same.

    Args:
        connection: An open connection to DuckDB.
        table: The table of the API: tracks, users or listen_history.
        relation: The SQL of what is read.
        fields: The fields to render, in order.

    """
    key = "user_id" if table == "listen_history" else "id"
    members = ", ".join(f"{_quoted(name)} := {_json(name)}" for name in fields)
    query = f"""
        select
            to_json(struct_pack({members}))::varchar || ',' as line,
            coalesce(epoch_us(updated_at), {NEVER}) as updated_at,
            coalesce({key}::bigint, {NEVER}) as id
        from {relation} as records
        order by 2, 3, records.created_at nulls first, 1
    """
    return iter(connection.execute(query).to_arrow_reader(_BATCH))


def parquet(paths: Sequence[Path], options: str = "") -> str:
    """Name Parquet files as one relation."""
    names = ", ".join(literal(pattern_of(path)) for path in paths)
    return f"read_parquet([{names}], {NO_PARTITIONS}{options and ', ' + options})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _json(name: str) -> str:
    quoted = f"records.{_quoted(name)}"
    return _INSTANT.format(quoted) if name in {"created_at", "updated_at"} else quoted
