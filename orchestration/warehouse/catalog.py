"""The tables of a DuckDB file: names, columns, rows, bytes and checksums.

`database` is the name of an attached file; by default it is the one that the connection opened.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def name_of(identifier: str) -> str:
    """Return an identifier as SQL has it when it may be any word."""
    return '"' + identifier.replace('"', '""') + '"'


def quote(text: object) -> str:
    """Return `text` as it stands between the quotes of an SQL literal."""
    return str(text).replace("'", "''")


def rows_of_tables(file: "duckdb.DuckDBPyConnection", schema: str = "main") -> dict[str, int]:
    """Count the rows of every table of a schema: exactly, and from its metadata alone."""
    return {name: rows_of(file, schema, name) for name in names_of_tables(file, schema)}


def rows_of(
    file: "duckdb.DuckDBPyConnection", schema: str, name: str, database: str | None = None
) -> int:
    """Count the rows of a table.

    Args:
        file: An open connection.
        schema: The schema of the table.
        name: The name of the table.
        database: The attached database; by default the file's own.

    """
    return _count(file, _path(schema, name, database))


def rows_in_quarantine(built: "duckdb.DuckDBPyConnection") -> int:
    """Count the records of a build's newest load that violated a rule."""
    newest = "(select arg_max(load_id, (as_of, load_id)) from ledger.loads)"
    return sum(
        _count(built, f'quarantine."{name}" where load_id = {newest}')
        for name in names_of_tables(built, "quarantine")
    )


def bytes_of_table(
    file: "duckdb.DuckDBPyConnection", schema: str, name: str, database: str | None = None
) -> int:
    """Return the size of a table's blocks; small tables share theirs, which count for each.

    Args:
        file: An open connection.
        schema: The schema of the table.
        name: The name of the table.
        database: The attached database; by default the file's own.

    """
    path = quote(_path(schema, name, database))
    blocks = _count(
        file, f"(select distinct block_id from pragma_storage_info('{path}') where block_id >= 0)"
    )
    size = file.execute(
        "select block_size from pragma_database_size()"
        " where database_name = coalesce(?, current_database())",
        [database],
    ).fetchall()[0][0]
    return int(blocks * size)


def columns_of_table(
    file: "duckdb.DuckDBPyConnection", schema: str, name: str, database: str | None = None
) -> list[str]:
    """Return the names of a table's columns, in their order.

    Args:
        file: An open connection.
        schema: The schema of the table.
        name: The name of the table.
        database: The attached database; by default the file's own.

    """
    columns = file.execute(
        "select column_name from duckdb_columns() where schema_name = ? and table_name = ?"
        " and database_name = coalesce(?, current_database()) order by column_index",
        [schema, name, database],
    ).fetchall()
    return [column for (column,) in columns]


def names_of_tables(file: "duckdb.DuckDBPyConnection", schema: str) -> list[str]:
    """Return the names of a schema's tables, sorted."""
    names = file.execute(
        "select table_name from duckdb_tables() where schema_name = ? order by all", [schema]
    ).fetchall()
    return [name for (name,) in names]


def checksum(
    file: "duckdb.DuckDBPyConnection", schema: str, name: str, database: str | None = None
) -> int:
    """Return the sum over the hashes of a table's rows: of equal rows equal, in any order.

    Args:
        file: An open connection.
        schema: The schema of the table.
        name: The name of the table.
        database: The attached database; by default the file's own.

    """
    every = ", ".join(map(name_of, columns_of_table(file, schema, name, database)))
    total = file.sql(
        f"select coalesce(sum(hash({every})::hugeint), 0) from {_path(schema, name, database)}"
    ).fetchall()[0][0]
    return int(total)


def _path(schema: str, name: str, database: str | None) -> str:
    return ".".join(name_of(one) for one in (database, schema, name) if one)


def _count(file: "duckdb.DuckDBPyConnection", table: str) -> int:
    return int(file.sql(f"select count(*) from {table}").fetchall()[0][0])
