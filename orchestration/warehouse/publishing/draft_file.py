"""The published file, written: the readers' tables of a validated build, and what describes it."""

from collections.abc import Iterator
from contextlib import contextmanager
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


def write_shared(files: "duckdb.DuckDBPyConnection", draft: str, build: ValidatedBuild) -> None:
    """Write into an empty draft, in one transaction, the tables without personal data.

    They are the same in both files, so they are written once: `complete` goes on with copies.

    Args:
        files: A connection that has attached the draft and the build file `made`.
        draft: The draft's name there.
        build: The validated parts and their tables.

    """
    with _transaction(files, draft):
        files.execute(PUBLICATION.read_text())
        for part, table in _tables(build, personal=False):
            _copy(files, part, table)
            record_contents(files, table, draft)


def complete(
    files: "duckdb.DuckDBPyConnection",
    draft: str,
    origin: Origin,
    build: ValidatedBuild,
    *,
    masked: bool = False,
) -> None:
    """Add to a draft the tables with personal data and what it is, in one transaction.

    Args:
        files: A connection that has attached the draft and the build file `made`.
        draft: The draft's name there.
        origin: What the publication says of where it comes from.
        build: The validated parts and their tables.
        masked: Whether columns of personal data are null; they stay, for queries that name them.

    """
    with _transaction(files, draft):
        for part, table in _tables(build, personal=True):
            _copy(files, part, table, masked=masked)
            record_contents(files, table, draft)
        _describe(files, origin, build, masked=masked)


def _describe(
    files: "duckdb.DuckDBPyConnection", origin: Origin, build: ValidatedBuild, *, masked: bool
) -> None:
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


@contextmanager
def _transaction(files: "duckdb.DuckDBPyConnection", draft: str) -> Iterator[None]:
    """Write into a draft, in one transaction; at its end all of it is in the file."""
    files.execute(f"use {draft}")
    files.execute("begin")
    yield
    files.execute("commit")
    files.execute("use memory")
    files.execute(f"checkpoint {draft}")


def _tables(build: ValidatedBuild, *, personal: bool) -> Iterator[tuple[Part, Table]]:
    """Yield the tables with personal data, or those without."""
    for part in build.parts:
        for table in part.tables:
            if personal == bool(_personal_in(part, table)):
                yield part, table


def _personal_in(part: Part, which_table: Table) -> set[str]:
    """Return the columns of a table that hold personal data."""
    return {column for *table, column in part.personal if tuple(table) == which_table}


def measure(
    files: "duckdb.DuckDBPyConnection", draft: str, build: ValidatedBuild
) -> list[PublishedTable]:
    """Return the tables of a draft that is complete.

    Args:
        files: A connection that has attached it.
        draft: The draft's name there.
        build: The parts that were written.

    """
    return [_measure(files, draft, table) for part in build.parts for table in part.tables]


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


def _measure(files: "duckdb.DuckDBPyConnection", draft: str, table: Table) -> PublishedTable:
    name = table[1] if table[0] == "main" else ".".join(table)
    rows, size = (measure(files, *table, draft) for measure in (rows_of, bytes_of_table))
    return PublishedTable(name, rows, size)
