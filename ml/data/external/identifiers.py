"""Ids of listens and metadata, numbered from 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml.data.external.column import has_other

if TYPE_CHECKING:
    import duckdb

    from ml.data.external.column import Column

_WHOLE = r"(0|-?[1-9]\d{0,17})"
_FLOATING = r"(0|-?[1-9]\d*)([.]0+)?"
_LARGEST_FLOAT = 2**53


def settle_ids(column: Column) -> None:
    """Restore ids, which are text, that a program has turned into floats.

    Raises:
        UnreadableTable: the file's ids have been rounded: several have become one.

    """
    name, kind = column.name, column.type
    rounded = f"regexp_full_match({name}, '\\d(\\.\\d+)?E[+]\\d+')"
    if "DOUBLE" in kind or "FLOAT" in kind:
        largest = _LARGEST_FLOAT if "DOUBLE" in kind else 2**24
        rounded = f"abs(try_cast({name} as double)) >= {largest}"
    if (found := column.first(rounded)) is not None:
        why = f"{found[1]} is an id that a program has rounded: write ids as text"
        raise column.refuse(found[0], why)
    if not column.has_other(_FLOATING):
        column.db.execute(
            f"update {column.table} set {name} = split_part({name}, '.', 1)"
            f" where contains({name}, '.')"
        )


def number_ids(db: duckdb.DuckDBPyConnection, side: str, *, has_metadata: bool) -> None:
    """Give every id a code by its order; as text, unless all are whole numbers, in both files.

    Args:
        db: The connection that holds the tables of the reading.
        side: `tracks` or `users`.
        has_metadata: Whether a file of metadata was read.

    """
    column = f"{side}_id"
    tables = ["listens", f"{side}s"] if has_metadata else ["listens"]
    if not any(has_other(db, table, column, _WHOLE) for table in tables):
        for table in tables:
            db.execute(f"alter table {table} alter {column} type bigint")
    every = " union ".join(f"select distinct {column} as id from {table}" for table in tables)
    db.execute(
        f"create table {side}_codes as select id, row_number() over (order by id) - 1 as code"
        f" from ({every}) where id is not null"
    )
