"""The ledger of a validated build: its publishable parts and their tables."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.run.errors import NotValidated
from orchestration.warehouse.publishing.publication import (
    MARTS,
    READER_SCHEMAS,
    Part,
    Table,
    ValidatedBuild,
)

if TYPE_CHECKING:
    import duckdb

Row = tuple[str, str, str | None, datetime | None, datetime | None]
"""A validated part: name, dbt's invocation, hash of its models, when, and its newest load."""


def read_validated_build(files: "duckdb.DuckDBPyConnection", path: Path) -> ValidatedBuild:
    """Read the ledger of the attached build file `made`.

    Raises `NotValidated` unless the marts are.
    """
    parts = [_part(files, path, row) for row in _validated(files, path)]
    loads = files.sql(
        "select coalesce(list(load_id order by as_of, load_id), []), max(as_of)"
        " from made.ledger.loads"
    ).fetchone()
    assert loads is not None, "an aggregate has one row"
    load_ids, as_of = loads
    return ValidatedBuild(load_ids, as_of, parts)


def _validated(files: "duckdb.DuckDBPyConnection", path: Path) -> list[Row]:
    """Return the validated parts, the marts first."""
    import duckdb

    try:
        rows = files.execute(
            "select part, invocation_id, model_hash, validated_at, as_of from made.ledger.state"
            " where status = 'validated' order by part <> ?, part",
            [MARTS],
        ).fetchall()
    except duckdb.CatalogException as error:
        raise NotValidated(path, "it has never been built") from error
    except duckdb.BinderException as error:
        raise NotValidated(path, "an earlier version of the project built it") from error
    if not rows or rows[0][0] != MARTS:
        raise NotValidated(path, "its last build failed or did not end")
    return rows


def _part(files: "duckdb.DuckDBPyConnection", path: Path, row: Row) -> Part:
    name = row[0]
    tables = _tables(files, name)
    if not tables and name == MARTS:
        raise NotValidated(path, "it lacks the list of its tables")
    personal = personal_in(files, path)
    return Part(*row, tables, personal=personal)


def _tables(files: "duckdb.DuckDBPyConnection", part: str) -> list[Table]:
    """Return the readers' tables of the validated models, without tables of former models."""
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
    """Return the columns that the validated models call personal data.

    A ledger that has no place for them says nothing, and so nothing may be published by it.
    """
    import duckdb

    try:
        rows = files.sql(
            "select schema_name, table_name, column_name from made.ledger.personal_columns"
        ).fetchall()
    except duckdb.CatalogException as error:
        raise NotValidated(path, "it lacks the list of columns with personal data") from error
    return frozenset(rows)
