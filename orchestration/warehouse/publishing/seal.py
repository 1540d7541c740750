"""What a build left in its book: which parts may be published, and which tables are theirs."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.run.errors import NotSealed
from orchestration.warehouse.publishing.publication import MARTS, READER_SCHEMAS, Part, Seal, Table

if TYPE_CHECKING:
    import duckdb

Row = tuple[str, str, str | None, datetime | None, datetime | None]
"""A sealed part: name, dbt's invocation, hash of its models, when, and its newest load."""


def seal_in(files: "duckdb.DuckDBPyConnection", path: Path) -> Seal:
    """Read the book of the attached build file `made`; raise `NotSealed` unless the marts are."""
    parts = [_part(files, path, row) for row in _sealed(files, path)]
    loads = files.sql(
        "select coalesce(list(load_id order by as_of, load_id), []), max(as_of)"
        " from made.ledger.loads"
    ).fetchone()
    assert loads is not None, "an aggregate has one row"
    load_ids, built_at = loads
    return Seal(load_ids, built_at, parts)


def _sealed(files: "duckdb.DuckDBPyConnection", path: Path) -> list[Row]:
    """Return the sealed parts, the marts first."""
    import duckdb

    _tell_of_parts(files, path)
    try:
        rows = files.execute(
            "select part, invocation_id, model_hash, sealed_at, data_as_of from made.ledger.state"
            " where status = 'sealed' order by part <> ?, part",
            [MARTS],
        ).fetchall()
    except duckdb.CatalogException as error:
        raise NotSealed(path, "it has never been built") from error
    if not rows or rows[0][0] != MARTS:
        raise NotSealed(path, "its last build failed or did not end")
    return rows


def _tell_of_parts(files: "duckdb.DuckDBPyConnection", path: Path) -> None:
    """Let a book of before there were parts say that all in it is of the marts."""
    import duckdb

    changes = (
        f"ledger.state add column if not exists part varchar default '{MARTS}'",
        "ledger.state add column if not exists data_as_of timestamp",
        f"ledger.relations add column if not exists part varchar default '{MARTS}'",
    )
    for change in changes:
        try:
            files.execute(f"alter table if exists made.{change}")
        except duckdb.CatalogException as error:
            raise NotSealed(path, "it has never been built") from error


def _part(files: "duckdb.DuckDBPyConnection", path: Path, row: Row) -> Part:
    name = row[0]
    tables = _tables(files, name)
    if not tables and name == MARTS:  # sealed before builds noted their tables
        raise NotSealed(path, "it does not say which tables are its own")
    personal = personal_in(files, path)
    return Part(*row, tables, personal=personal)


def _tables(files: "duckdb.DuckDBPyConnection", part: str) -> list[Table]:
    """Return the readers' tables that the sealed models made, not what former models left."""
    import duckdb

    try:
        return files.execute(
            "select schema_name, table_name from made.ledger.relations"
            " semi join (from duckdb_tables() where database_name = 'made')"
            " using (schema_name, table_name) where part = ? and schema_name in ? order by all",
            [part, READER_SCHEMAS],
        ).fetchall()
    except duckdb.CatalogException:
        return []


def personal_in(files: "duckdb.DuckDBPyConnection", path: Path) -> frozenset[tuple[str, str, str]]:
    """Return the columns that the sealed models call personal data.

    A book that has no place for them says nothing, and so nothing may be published by it.
    """
    import duckdb

    try:
        rows = files.sql(
            "select schema_name, table_name, column_name from made.ledger.personal_columns"
        ).fetchall()
    except duckdb.CatalogException as error:
        raise NotSealed(path, "it does not say which columns are personal data") from error
    return frozenset(rows)
