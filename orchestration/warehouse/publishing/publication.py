"""The published file: the readers' tables of a validated build, and a table that describes it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lake.clock import utc_now
from orchestration.warehouse.contents import checksum, measured, name_of, quoted
from orchestration.warehouse.origin import LoadFile

if TYPE_CHECKING:
    import duckdb

READER_SCHEMAS = ("main", "features")

PUBLICATION = """
create table publication (
    version integer not null,
    run_id varchar,
    invocation_id varchar not null,
    load_ids varchar[] not null,
    model_hash varchar,
    built_at timestamp,
    published_at timestamp not null,
    parts struct(
        part varchar, invocation_id varchar, model_hash varchar, validated_at timestamp,
        data_as_of timestamp, tables varchar[]
    )[] not null,
    git_commit varchar,
    manifest_hash varchar,
    is_masked boolean not null
);
comment on table publication is 'What this file is: one row.';
comment on column publication.version is 'Counts the publications up from 1.';
comment on column publication.run_id is 'The run that published it, as in the lake''s ops/runs.';
comment on column publication.invocation_id is 'The dbt invocation that validated the marts.';
comment on column publication.load_ids is 'Every accepted load that it holds.';
comment on column publication.model_hash is 'Stands for the models that built the marts.';
comment on column publication.built_at is 'The instant of its newest load: the run''s clock, UTC.';
comment on column publication.published_at is 'When it was published, by the wall clock (UTC).';
comment on column publication.parts is 'Marts, features, …: each part, validated by itself.';
comment on column publication.git_commit is 'The project''s commit; null outside a repository.';
comment on column publication.manifest_hash is 'Stands for all that dbt''s manifest says.';
comment on column publication.is_masked is 'Whether personal data is left empty here.';
create table publication_tables (
    schema_name varchar not null,
    table_name varchar not null,
    rows bigint not null,
    checksum hugeint not null
);
comment on table publication_tables is 'What the tables of this file hold.';
comment on column publication_tables.checksum is
    'The sum of hash() over the rows, all columns: equal for equal rows in whatever order.';
create table publication_files (
    load_id varchar not null,
    run_id varchar,
    kind varchar,
    as_of timestamp,
    table_name varchar not null,
    load_date date not null,
    file varchar not null
);
comment on table publication_files is 'In which files of the lake the records of a load lie.';
comment on column publication_files.load_id is 'As in the marts'' own `load_id`.';
comment on column publication_files.run_id is 'The run that pulled it, as in the lake''s ops/runs.';
comment on column publication_files.file is 'Its path below the lake, as of this publication.';
"""

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
    """Where its tables stand: in the build file, or still in the `present` publication."""
    personal: frozenset[tuple[str, str, str]] = frozenset()
    """Columns that hold personal data, each as (schema, table, column)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a publication says of where it comes from."""

    version: int
    run_id: str | None
    git_commit: str | None
    manifest_hash: str | None
    files: list[LoadFile]


@dataclass(frozen=True, slots=True)
class ValidatedBuild:
    """What a good build left in `ledger`: the loads that it holds, and its parts, marts first."""

    load_ids: list[str]
    built_at: datetime | None
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """One table of a publication; `bytes` are its blocks in the file."""

    name: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published: its version, its tables, and the size of the file in bytes.

    `mended` says what was wrong with the publication that it replaced, if anything was.
    """

    version: int
    load_ids: list[str]
    built_at: datetime | None
    tables: list[PublishedTable]
    bytes: int
    mended: str | None = None


def write(
    files: "duckdb.DuckDBPyConnection",
    origin: Origin,
    build: ValidatedBuild,
    *,
    masked: bool = False,
) -> list[PublishedTable]:
    """Write the attached `draft` from the attached build file `made`, in one transaction.

    `masked` leaves columns of personal data empty: there, for queries that name them, and null.
    """
    files.execute("use draft")
    files.execute("begin")
    files.execute(PUBLICATION)
    for part in build.parts:
        for table in part.tables:
            _copy(files, part, table, masked=masked)
            note_contents(files, table)
    marts = build.parts[0]
    facts: list[object] = [
        origin.version,
        origin.run_id,
        marts.invocation_id,
        build.load_ids,
        marts.model_hash,
    ]
    facts += [build.built_at, utc_now(), [_told(part) for part in build.parts]]
    facts += [origin.git_commit, origin.manifest_hash, masked]
    files.execute(f"insert into publication values ({', '.join('?' * len(facts))})", facts)
    if origin.files:
        files.executemany(
            "insert into publication_files values (?, ?, ?, ?, ?, ?, ?)", origin.files
        )
    files.execute("commit")
    files.execute("use memory")
    files.execute("checkpoint draft")
    return [_measure(files, table) for part in build.parts for table in part.tables]


def note_contents(files: "duckdb.DuckDBPyConnection", table: Table) -> None:
    """Write into the attached `draft` how many rows its table has, and their checksum."""
    row = [*table, *checksum(files, "draft", *table)]
    files.execute("insert into draft.publication_tables values (?, ?, ?, ?)", row)


def parts_in(files: "duckdb.DuckDBPyConnection") -> list[Part]:
    """Return what the attached `present` publication says of its parts, if it does."""
    import duckdb

    try:
        told = files.sql("select unnest(parts) as part from present.publication").fetchall()
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
        for (part,) in told
    ]


def _told(part: Part) -> dict[str, object]:
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
        files.execute(f"comment on table {name} is '{quoted(comment)}'")
    for column, _, described in columns:
        told = f"{described or ''} Left empty in this file." if column in empty else described
        if told:
            files.execute(f"comment on column {name}.{name_of(column)} is '{quoted(told.strip())}'")


def _measure(files: "duckdb.DuckDBPyConnection", which_table: Table) -> PublishedTable:
    schema, table = which_table
    rows, size = measured(files, "draft", schema, table)
    return PublishedTable(table if schema == "main" else f"{schema}.{table}", rows, size)
