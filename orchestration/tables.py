"""What a DuckDB file holds."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def rows_of_tables(file: "duckdb.DuckDBPyConnection", schema: str = "main") -> dict[str, int]:
    """Count the rows of every table of a schema: exactly, and from its metadata alone."""
    names = file.execute(
        "select table_name from duckdb_tables() where schema_name = ? order by all", [schema]
    ).fetchall()
    return {name: _count(file, f'"{schema}"."{name}"') for (name,) in names}


def _count(file: "duckdb.DuckDBPyConnection", table: str) -> int:
    return int(file.sql(f"select count(*) from {table}").fetchall()[0][0])
