"""Ids of listens and metadata, numbered from 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml.errors import UnreadableTable

if TYPE_CHECKING:
    import duckdb

    from ml.data.external.source import Source

_WHOLE = r"(0|-?[1-9]\d{0,17})"
_FLOATING = r"(0|-?[1-9]\d*)([.]0+)?"
_LARGEST_FLOAT = 2**53


def settle_ids(
    db: duckdb.DuckDBPyConnection, source: Source, table: str, place: int, column: str
) -> None:
    """Let a table's ids, which are text, be what they were before a program made floats of them.

    Args:
        db: where the table is.
        source: the file that it came from.
        table: the table, with `row` counted from 1.
        place: of the ids in the file.
        column: their name in the table.

    Raises:
        UnreadableTable: the file's ids have been rounded: several have become one.

    """
    kind = source.types[place]
    rounded = f"regexp_full_match({column}, '\\d(\\.\\d+)?E[+]\\d+')"
    if "DOUBLE" in kind or "FLOAT" in kind:
        largest = _LARGEST_FLOAT if "DOUBLE" in kind else 2**24
        rounded = f"abs(try_cast({column} as double)) >= {largest}"
    row = db.execute(f"select row, {column} from {table} where {rounded} limit 1").fetchone()
    if row is not None:
        why = f"column {source.names[place]}: {row[1]} is an id that a program has rounded"
        raise UnreadableTable(source.path, f"{source.at(int(row[0]))}, {why}: write ids as text")
    if not _any_unlike(db, table, column, _FLOATING):
        db.execute(f"update {table} set {column} = split_part({column}, '.', 1)"
                   f" where contains({column}, '.')")  # fmt: skip


def number_ids(db: duckdb.DuckDBPyConnection, side: str, *, has_metadata: bool) -> None:
    """Give every id a code by its order; as text, unless all are whole numbers, in both files."""
    column = f"{side}_id"
    tables = ["listens", f"{side}s"] if has_metadata else ["listens"]
    if not any(_any_unlike(db, table, column, _WHOLE) for table in tables):
        for table in tables:
            db.execute(f"alter table {table} alter {column} type bigint")
    every = " union ".join(f"select distinct {column} as id from {table}" for table in tables)
    db.execute(
        f"create table {side}_codes as select id, row_number() over (order by id) - 1 as code"
        f" from ({every}) where id is not null"
    )


def _any_unlike(db: duckdb.DuckDBPyConnection, table: str, column: str, pattern: str) -> bool:
    query = (
        f"select 1 from {table} where {column} is not null"
        f" and not regexp_full_match({column}, ?) limit 1"
    )
    return bool(db.execute(query, [pattern]).fetchall())
