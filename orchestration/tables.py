"""What a DuckDB file holds."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def rows_of_tables(file: "duckdb.DuckDBPyConnection", schema: str = "main") -> dict[str, int]:
    """Count the rows of every table of a schema: exactly, and from its metadata alone."""
    return {name: rows_of(file, schema, name) for name in _names(file, schema)}


def rows_of(file: "duckdb.DuckDBPyConnection", schema: str, name: str) -> int:
    """Count the rows of a table."""
    return _count(file, f'"{schema}"."{name}"')


def rows_in_quarantine(built: "duckdb.DuckDBPyConnection") -> int:
    """Count the records of a build's newest load that broke a rule."""
    newest = "(select arg_max(load_id, (as_of, load_id)) from ledger.loads)"
    return sum(
        _count(built, f'quarantine."{name}" where load_id = {newest}')
        for name in _names(built, "quarantine")
    )


def _names(file: "duckdb.DuckDBPyConnection", schema: str) -> list[str]:
    names = file.execute(
        "select table_name from duckdb_tables() where schema_name = ? order by all", [schema]
    ).fetchall()
    return [name for (name,) in names]


def _count(file: "duckdb.DuckDBPyConnection", table: str) -> int:
    return int(file.sql(f"select count(*) from {table}").fetchall()[0][0])
