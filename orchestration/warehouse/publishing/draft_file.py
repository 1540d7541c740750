"""The published file, written: the readers' tables of a validated build, and what describes it.

All of it works in the transaction that its caller has open on the draft, which is attached as
`NAME` and in use.
"""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lake.clock import utc_now
from orchestration.warehouse.catalog import bytes_of_table, checksum, name_of, quote, rows_of
from orchestration.warehouse.publishing.publication import (
    Origin,
    Part,
    PublishedTable,
    Table,
    ValidatedBuild,
)

if TYPE_CHECKING:
    import duckdb

PUBLICATION = Path(__file__).with_name("publication.sql")
NAME = "draft"
"""The name under which a connection knows the file that is being written."""


def create(files: "duckdb.DuckDBPyConnection") -> None:
    """Make in an empty draft the tables in which a publication describes itself."""
    files.execute(PUBLICATION.read_text())


def keep_only(files: "duckdb.DuckDBPyConnection", staying: Collection[Table]) -> None:
    """Drop all tables of a copied publication but some, and its description."""
    for table in files.sql("select schema_name, table_name from publication_tables").fetchall():
        if table not in staying:
            files.execute(f"drop table {name_of(table[0])}.{name_of(table[1])}")
            files.execute(
                "delete from publication_tables where (schema_name, table_name) = (?, ?)", table
            )
    files.execute("delete from publication; delete from publication_files")


def add(
    files: "duckdb.DuckDBPyConnection",
    tables: Iterable[tuple[Part, Table]],
    *,
    masked: bool = False,
) -> None:
    """Copy tables from the files that hold them.

    Args:
        files: A connection that has attached the build file `made` and the `present` publication.
        tables: The tables, each with its part.
        masked: Whether columns of personal data are null; they stay, for queries that name them.

    """
    for part, table in tables:
        _copy(files, part, table, masked=masked)
        record_contents(files, table, NAME)


def describe(
    files: "duckdb.DuckDBPyConnection", origin: Origin, build: ValidatedBuild, *, masked: bool
) -> None:
    """Write what the publication is, and in which files of the lake its loads lie.

    Args:
        files: The connection.
        origin: Where the publication comes from.
        build: The validated parts and their tables.
        masked: Whether personal data is left empty.

    """
    marts = build.parts[0]
    facts: list[object] = [
        origin.version,
        origin.run_id,
        marts.invocation_id,
        build.load_ids,
        marts.model_hash,
    ]
    facts += [build.as_of, utc_now(), [_as_struct(part) for part in build.parts]]
    facts += [origin.git_commit, origin.manifest_hash, masked]
    files.execute(f"insert into publication values ({', '.join('?' * len(facts))})", facts)
    if origin.files:
        files.executemany(
            "insert into publication_files values (?, ?, ?, ?, ?, ?, ?)", origin.files
        )


def tables_of(parts: Iterable[Part], *, personal: bool | None = None) -> list[tuple[Part, Table]]:
    """Return the tables of parts: all, or those with personal data, or those without."""
    return [
        (part, table)
        for part in parts
        for table in part.tables
        if personal is None or personal == bool(_personal_in(part, table))
    ]


def _personal_in(part: Part, which_table: Table) -> set[str]:
    """Return the columns of a table that hold personal data."""
    return {column for *table, column in part.personal if tuple(table) == which_table}


def measure(files: "duckdb.DuckDBPyConnection", build: ValidatedBuild) -> list[PublishedTable]:
    """Return the tables of a draft that is complete."""
    return [_measure(files, table) for _, table in tables_of(build.parts)]


def record_contents(files: "duckdb.DuckDBPyConnection", table: Table, draft: str) -> None:
    """Write into an attached draft how many rows its table has, and their checksum.

    Args:
        files: A connection that has attached it.
        table: The table, which is in the draft.
        draft: The draft's name there.

    """
    row = [*table, rows_of(files, *table, draft), checksum(files, *table, draft)]
    files.execute(f"insert into {draft}.publication_tables values (?, ?, ?, ?)", row)


def _as_struct(part: Part) -> dict[str, object]:
    return {
        "part": part.name,
        "invocation_id": part.invocation_id,
        "model_hash": part.model_hash,
        "validated_at": part.validated_at,
        "data_as_of": part.data_as_of,
        "tables": [".".join(table) for table in part.tables],
    }


def _copy(
    files: "duckdb.DuckDBPyConnection", part: Part, which_table: Table, *, masked: bool = False
) -> None:
    """Copy a table with its keys, types and comments."""
    schema, table = which_table
    which = f"(database_name, schema_name, table_name) = ('{part.file}', ?, ?)"
    ddl, comment = files.execute(
        f"select sql, comment from duckdb_tables() where {which}", [schema, table]
    ).fetchall()[0]
    columns = files.execute(
        f"select column_name, data_type, comment from duckdb_columns() where {which}",
        [schema, table],
    ).fetchall()
    name = f"{name_of(schema)}.{name_of(table)}"
    empty = _personal_in(part, which_table) if masked else set()
    nulls = ", ".join(
        f"cast(null as {kind}) as {name_of(column)}"
        for column, kind, _ in columns
        if column in empty
    )
    files.execute(f"create schema if not exists {name_of(schema)}")
    files.execute(ddl)
    files.execute(
        f"insert into {name} select *{f' replace ({nulls})' if nulls else ''}"
        f" from {part.file}.{name}"
    )
    if comment:
        files.execute(f"comment on table {name} is '{quote(comment)}'")
    for column, _, described in columns:
        text = f"{described or ''} Left empty in this file." if column in empty else described
        if text:
            files.execute(f"comment on column {name}.{name_of(column)} is '{quote(text.strip())}'")


def _measure(files: "duckdb.DuckDBPyConnection", table: Table) -> PublishedTable:
    name = table[1] if table[0] == "main" else ".".join(table)
    rows, size = (measure(files, *table, NAME) for measure in (rows_of, bytes_of_table))
    return PublishedTable(name, rows, size)
