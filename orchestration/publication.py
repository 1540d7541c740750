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
    published_at timestamp not null
);
comment on table publication is 'What this file is: one row.';
comment on column publication.version is 'Counts the publications up from 1.';
comment on column publication.run_id is 'The run that published it, as in the lake''s ops/runs.';
comment on column publication.invocation_id is 'The dbt invocation that built and sealed it.';
comment on column publication.load_ids is 'Every accepted load that it holds.';
comment on column publication.model_hash is 'Stands for the models that built it.';
comment on column publication.built_at is 'The instant of its newest load: the run''s clock, UTC.';
comment on column publication.published_at is 'When it was published, by the wall clock (UTC).';
"""


@dataclass(frozen=True, slots=True)
class Seal:
    """What a whole good build left in `ledger`: its state, the loads it holds, its tables."""

    invocation_id: str
    model_hash: str | None
    load_ids: list[str]
    built_at: datetime | None
    tables: list[tuple[str, str]]
    """The readers' tables, each as (schema, name)."""


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
    for schema, table in seal.tables:
        _copy(files, schema, table)
    files.execute(PUBLICATION)
    facts = [version, run_id, seal.invocation_id, seal.load_ids, seal.model_hash, seal.built_at]
    files.execute("insert into publication values (?, ?, ?, ?, ?, ?, ?)", [*facts, now()])
    files.execute("commit")
    files.execute("use memory")
    files.execute("checkpoint draft")
    return [_measure(files, schema, table) for schema, table in seal.tables]


def quoted(text: object) -> str:
    """Return `text` as it stands between the quotes of an SQL literal."""
    return str(text).replace("'", "''")


def _copy(files: "duckdb.DuckDBPyConnection", schema: str, table: str) -> None:
    """Copy a table with its keys, types and comments."""
    which = "(database_name, schema_name, table_name) = ('made', ?, ?)"
    ddl, comment = files.execute(
        f"select sql, comment from duckdb_tables() where {which}", [schema, table]
    ).fetchall()[0]
    columns = files.execute(
        f"select column_name, comment from duckdb_columns() where {which} and comment is not null",
        [schema, table],
    ).fetchall()
    name = f"{_name(schema)}.{_name(table)}"
    files.execute(f"create schema if not exists {_name(schema)}")
    files.execute(ddl)
    files.execute(f"insert into {name} from made.{name}")
    if comment:
        files.execute(f"comment on table {name} is '{quoted(comment)}'")
    for column, described in columns:
        files.execute(f"comment on column {name}.{_name(column)} is '{quoted(described)}'")


def _measure(files: "duckdb.DuckDBPyConnection", schema: str, table: str) -> PublishedTable:
    name = f"draft.{_name(schema)}.{_name(table)}"
    rows = files.sql(f"select count(*) from {name}").fetchall()[0][0]
    blocks = files.sql(
        f"select count(distinct block_id) from pragma_storage_info('{quoted(name)}')"
        " where block_id >= 0"
    ).fetchall()[0][0]
    size = files.sql(
        "select block_size from pragma_database_size() where database_name = 'draft'"
    ).fetchall()[0][0]
    return PublishedTable(table if schema == "main" else f"{schema}.{table}", rows, blocks * size)


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
