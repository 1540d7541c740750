"""What a DuckDB file holds."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def rows_of_tables(file: "duckdb.DuckDBPyConnection", schema: str = "main") -> dict[str, int]:
    """Count the rows of every table of a schema: exactly, and from its metadata alone."""
    return {name: rows_of(file, schema, name) for name in names_of_tables(file, schema)}


def rows_of(file: "duckdb.DuckDBPyConnection", schema: str, name: str) -> int:
    """Count the rows of a table."""
    return _count(file, f'"{schema}"."{name}"')


def rows_in_quarantine(built: "duckdb.DuckDBPyConnection") -> int:
    """Count the records of a build's newest load that broke a rule."""
    newest = "(select arg_max(load_id, (as_of, load_id)) from ledger.loads)"
    return sum(
        _count(built, f'quarantine."{name}" where load_id = {newest}')
        for name in names_of_tables(built, "quarantine")
    )


def bytes_of_table(file: "duckdb.DuckDBPyConnection", schema: str, name: str) -> int:
    """Return the size of a table's blocks; small tables share theirs, which count for each."""
    quoted = f'"{schema}"."{name}"'.replace("'", "''")
    blocks = file.sql(
        f"select count(distinct block_id) from pragma_storage_info('{quoted}') where block_id >= 0"
    ).fetchall()[0][0]
    size = file.sql(
        "select block_size from pragma_database_size() where database_name = current_database()"
    ).fetchall()[0][0]
    return int(blocks * size)


def columns_of_table(file: "duckdb.DuckDBPyConnection", schema: str, name: str) -> list[str]:
    """Return the names of a table's columns, in their order."""
    columns = file.execute(
        "select column_name from duckdb_columns() where schema_name = ? and table_name = ?"
        " order by column_index",
        [schema, name],
    ).fetchall()
    return [column for (column,) in columns]


def names_of_tables(file: "duckdb.DuckDBPyConnection", schema: str) -> list[str]:
    """Return the names of a schema's tables, sorted."""
    names = file.execute(
        "select table_name from duckdb_tables() where schema_name = ? order by all", [schema]
    ).fetchall()
    return [name for (name,) in names]


def _count(file: "duckdb.DuckDBPyConnection", table: str) -> int:
    return int(file.sql(f"select count(*) from {table}").fetchall()[0][0])
