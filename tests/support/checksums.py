"""Whole tables as one number each, whatever the order of their rows."""

from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb

# What differs between lakes, and nothing of what the app's users did.
LAKE_BOUND = frozenset({"load_date", "etl_updated_at", "load_id"})


def checksums(
    path: Path, *, schemas: Collection[str] = ("main",), leave_out: Collection[str] = ()
) -> dict[str, tuple[int, int]]:
    """Return of every table, but `publication…`: its rows, and a sum over their hashes."""
    with duckdb.connect(path, read_only=True) as file:
        tables = file.execute(
            "select schema_name, table_name from duckdb_tables()"
            " where schema_name in ? and not starts_with(table_name, 'publication') order by all",
            [list(schemas)],
        ).fetchall()
        return {
            f"{schema}.{table}": _checksum(file, schema, table, leave_out)
            for schema, table in tables
        }


def require_rows(sums: Mapping[str, tuple[int, int]]) -> None:
    """Require rows in every table, but for feedback: the app simulator sends none."""
    empty = {table for table, (rows, _) in sums.items() if not rows}
    assert sums
    assert empty <= {"main.fact_feedback"}


def _checksum(
    file: duckdb.DuckDBPyConnection, schema: str, table: str, leave_out: Collection[str]
) -> tuple[int, int]:
    columns = file.execute(
        "select column_name from duckdb_columns() where (schema_name, table_name) = (?, ?)",
        [schema, table],
    ).fetchall()
    kept = ", ".join(f'"{name}"' for (name,) in columns if name not in leave_out)
    return file.sql(
        f'select count(*), coalesce(sum(hash({kept})::hugeint), 0) from "{schema}"."{table}"'
    ).fetchall()[0]
