"""The published file: the reader schemas of a sealed build, and the table that says what it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from orchestration.settings import now

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
        part varchar, invocation_id varchar, model_hash varchar, sealed_at timestamp,
        tables varchar[]
    )[] not null
);
comment on table publication is 'What this file is: one row.';
comment on column publication.version is 'Counts the publications up from 1.';
comment on column publication.run_id is 'The run that published it, as in the lake''s ops/runs.';
comment on column publication.invocation_id is 'The dbt invocation that sealed the marts.';
comment on column publication.load_ids is 'Every accepted load that it holds.';
comment on column publication.model_hash is 'Stands for the models that built the marts.';
comment on column publication.built_at is 'The instant of its newest load: the run''s clock, UTC.';
comment on column publication.published_at is 'When it was published, by the wall clock (UTC).';
comment on column publication.parts is 'Marts, features, …: each part with its own seal.';
"""

MARTS = "marts"


Table = tuple[str, str]
"""A table's (schema, name)."""


@dataclass(frozen=True, slots=True)
class Part:
    """A sealed part of a build and the readers' tables that it made."""

    name: str
    invocation_id: str
    model_hash: str | None
    sealed_at: datetime | None
    tables: list[Table]
    file: str = "made"
    """Where its tables stand: in the build file, or still in the `present` publication."""


@dataclass(frozen=True, slots=True)
class Seal:
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
    """What was published: its version, its tables, and the size of the file in bytes."""

    version: int
    load_ids: list[str]
    built_at: datetime | None
    tables: list[PublishedTable]
    bytes: int


def write(
    files: "duckdb.DuckDBPyConnection", version: int, run_id: str | None, seal: Seal
) -> list[PublishedTable]:
    """Write the attached `draft` from the attached build file `made`, in one transaction."""
    files.execute("use draft")
    files.execute("begin")
    for part in seal.parts:
        for table in part.tables:
            _copy(files, part.file, table)
    files.execute(PUBLICATION)
    marts = seal.parts[0]
    facts = [version, run_id, marts.invocation_id, seal.load_ids, marts.model_hash, seal.built_at]
    parts = [_told(part) for part in seal.parts]
    files.execute("insert into publication values (?, ?, ?, ?, ?, ?, ?, ?)", [*facts, now(), parts])
    files.execute("commit")
    files.execute("use memory")
    files.execute("checkpoint draft")
    return [_measure(files, table) for part in seal.parts for table in part.tables]


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
            part["sealed_at"],
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
        "sealed_at": part.sealed_at,
        "tables": [".".join(table) for table in part.tables],
    }


def _split(table: str) -> Table:
    schema, _, name = table.partition(".")
    return schema, name


def quoted(text: object) -> str:
    """Return `text` as it stands between the quotes of an SQL literal."""
    return str(text).replace("'", "''")


def _copy(files: "duckdb.DuckDBPyConnection", source: str, which_table: Table) -> None:
    """Copy a table of the attached file `source` with its keys, types and comments."""
    schema, table = which_table
    which = f"(database_name, schema_name, table_name) = ('{source}', ?, ?)"
    ddl, comment = files.execute(
        f"select sql, comment from duckdb_tables() where {which}", [schema, table]
    ).fetchall()[0]
    columns = files.execute(
        f"select column_name, comment from duckdb_columns() where {which} and comment is not null",
        [schema, table],
    ).fetchall()
    name = f"{name_of(schema)}.{name_of(table)}"
    files.execute(f"create schema if not exists {name_of(schema)}")
    files.execute(ddl)
    files.execute(f"insert into {name} from {source}.{name}")
    if comment:
        files.execute(f"comment on table {name} is '{quoted(comment)}'")
    for column, described in columns:
        files.execute(f"comment on column {name}.{name_of(column)} is '{quoted(described)}'")


def _measure(files: "duckdb.DuckDBPyConnection", which_table: Table) -> PublishedTable:
    schema, table = which_table
    name = f"draft.{name_of(schema)}.{name_of(table)}"
    rows = files.sql(f"select count(*) from {name}").fetchall()[0][0]
    blocks = files.sql(
        f"select count(distinct block_id) from pragma_storage_info('{quoted(name)}')"
        " where block_id >= 0"
    ).fetchall()[0][0]
    size = files.sql(
        "select block_size from pragma_database_size() where database_name = 'draft'"
    ).fetchall()[0][0]
    return PublishedTable(table if schema == "main" else f"{schema}.{table}", rows, blocks * size)


def name_of(identifier: str) -> str:
    """Return an identifier as SQL has it when it may be any word."""
    return '"' + identifier.replace('"', '""') + '"'
