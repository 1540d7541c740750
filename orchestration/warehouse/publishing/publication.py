"""The published file: the readers' tables of a validated build, and a table that describes it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lake.clock import utc_now
from orchestration.warehouse.catalog import bytes_of_table, checksum, name_of, quote, rows_of
from orchestration.warehouse.origin import LoadFile

if TYPE_CHECKING:
    import duckdb

READER_SCHEMAS = ("main", "features")

PUBLICATION = Path(__file__).with_name("publication.sql")

MARTS = "marts"


Table = tuple[str, str]
"""A table's (schema, name)."""


@dataclass(frozen=True, slots=True)
class Part:
    """A validated part of a build and the readers' tables that it made."""

    name: str
    invocation_id: str
    model_hash: str | None
    validated_at: datetime | None
    data_as_of: datetime | None
    """The newest load that it knows of."""
    tables: list[Table]
    file: str = "made"
    """The source of its tables: the build file, or still in the `present` publication."""
    personal: frozenset[tuple[str, str, str]] = frozenset()
    """Columns that hold personal data, each as (schema, table, column)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a publication."""

    version: int
    run_id: str | None
    git_commit: str | None
    manifest_hash: str | None
    files: list[LoadFile]


@dataclass(frozen=True, slots=True)
class ValidatedBuild:
    """A validated build as its `ledger` has it: its loads, and its parts, marts first."""

    load_ids: list[str]
    as_of: datetime | None
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """One table of a publication; `bytes` are its blocks in the file."""

    name: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication: its version, its tables, and the size of the file in bytes.

    `mended` says what was wrong with the publication that it replaced, if anything was.
    """

    version: int
    load_ids: list[str]
    as_of: datetime | None
    tables: list[PublishedTable]
    bytes: int
    mended: str | None = None


def write(
    files: "duckdb.DuckDBPyConnection",
    draft: str,
    origin: Origin,
    build: ValidatedBuild,
    *,
    masked: bool = False,
) -> None:
    """Write a draft from the attached build file `made`, in one transaction; `close` completes it.

    Args:
        files: A connection that has attached both.
        draft: The draft's name there.
        origin: What the publication says of where it comes from.
        build: The validated parts and their tables.
        masked: Whether columns of personal data are null; they stay, for queries that name them.

    """
    files.execute(f"use {draft}")
    files.execute("begin")
    files.execute(PUBLICATION.read_text())
    for part in build.parts:
        for table in part.tables:
            _copy(files, part, table, masked=masked)
            record_contents(files, table, draft)
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
    files.execute("commit")
    files.execute("use memory")


def close(
    files: "duckdb.DuckDBPyConnection", draft: str, build: ValidatedBuild
) -> list[PublishedTable]:
    """Complete the file of a draft that is written, and let go of it; return its tables.

    Args:
        files: A connection that has attached it; no other may be reading or writing.
        draft: The draft's name there.
        build: The parts that were written.

    """
    files.execute(f"checkpoint {draft}")
    tables = [_measure(files, draft, table) for part in build.parts for table in part.tables]
    files.execute(f"detach {draft}")
    return tables


def record_contents(files: "duckdb.DuckDBPyConnection", table: Table, draft: str) -> None:
    """Write into an attached draft how many rows its table has, and their checksum.

    Args:
        files: A connection that has attached it.
        table: The table, which is in the draft.
        draft: The draft's name there.

    """
    row = [*table, rows_of(files, *table, draft), checksum(files, *table, draft)]
    files.execute(f"insert into {draft}.publication_tables values (?, ?, ?, ?)", row)


def parts_in(files: "duckdb.DuckDBPyConnection") -> list[Part]:
    """Return what the attached `present` publication says of its parts, if it does."""
    import duckdb

    try:
        rows = files.sql("select unnest(parts) as part from present.publication").fetchall()
    except duckdb.Error:
        return []
    return [
        Part(
            part["part"],
            part["invocation_id"],
            part["model_hash"],
            part.get("validated_at", part.get("sealed_at")),  # as earlier versions call it
            part.get("data_as_of"),
            [_split(table) for table in part["tables"]],
            "present",
        )
        for (part,) in rows
    ]


def _as_struct(part: Part) -> dict[str, object]:
    return {
        "part": part.name,
        "invocation_id": part.invocation_id,
        "model_hash": part.model_hash,
        "validated_at": part.validated_at,
        "data_as_of": part.data_as_of,
        "tables": [".".join(table) for table in part.tables],
    }


def _split(table: str) -> Table:
    schema, _, name = table.partition(".")
    return schema, name


def _copy(
    files: "duckdb.DuckDBPyConnection", part: Part, which_table: Table, *, masked: bool
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
    empty = {one for *its, one in part.personal if tuple(its) == which_table} if masked else set()
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
