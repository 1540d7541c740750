"""What a table of an attached DuckDB file holds: rows, blocks, and one number for all of it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def name_of(identifier: str) -> str:
    """Return an identifier as SQL has it when it may be any word."""
    return '"' + identifier.replace('"', '""') + '"'


def quoted(text: object) -> str:
    """Return `text` as it stands between the quotes of an SQL literal."""
    return str(text).replace("'", "''")


def checksum(
    files: "duckdb.DuckDBPyConnection", database: str, schema: str, table: str
) -> tuple[int, int]:
    """Return a table's rows, and the sum over their hashes: of equal rows equal, in any order."""
    columns = files.execute(
        "select column_name from duckdb_columns()"
        " where (database_name, schema_name, table_name) = (?, ?, ?) order by column_index",
        [database, schema, table],
    ).fetchall()
    every = ", ".join(name_of(column) for (column,) in columns)
    rows, total = files.sql(
        f"select count(*), coalesce(sum(hash({every})::hugeint), 0)"
        f" from {database}.{name_of(schema)}.{name_of(table)}"
    ).fetchall()[0]
    return int(rows), int(total)


def measured(
    files: "duckdb.DuckDBPyConnection", database: str, schema: str, table: str
) -> tuple[int, int]:
    """Return a table's rows, and the bytes of its blocks."""
    name = f"{database}.{name_of(schema)}.{name_of(table)}"
    rows = files.sql(f"select count(*) from {name}").fetchall()[0][0]
    blocks = files.sql(
        f"select count(distinct block_id) from pragma_storage_info('{quoted(name)}')"
        " where block_id >= 0"
    ).fetchall()[0][0]
    size = files.execute(
        "select block_size from pragma_database_size() where database_name = ?", [database]
    ).fetchall()[0][0]
    return int(rows), int(blocks * size)
