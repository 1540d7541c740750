"""Ids of every kind, in two files that need not agree, to codes from 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_COMPUTED = "select id, row_number() over (order by id) - 1 as code from "


def number_ids(
    db: duckdb.DuckDBPyConnection, side: str, has: dict[str, str], known: dict[str, str]
) -> None:
    """Give every id a code by its order; as text, unless all are whole numbers, in both files."""
    column = f"{side}_id"
    tables = {"listens": has[column]} | ({f"{side}s": known[column]} if known else {})
    are_whole = [_are_whole(db, table, column, kind) for table, kind in tables.items()]
    kind = "bigint" if all(are_whole) else "varchar"
    for table in tables:
        db.execute(f"alter table {table} alter {column} type {kind}")
    every = f"select {side}_id as id from listens" + (
        f" union select {side}_id from {side}s" if known else ""
    )
    db.execute(
        f"create table {side}_codes as {_COMPUTED} "
        f"(select distinct id from ({every}) where id is not null)"
    )


def _are_whole(db: duckdb.DuckDBPyConnection, table: str, column: str, kind: str) -> bool:
    """Whether all ids are whole numbers: also 7.0, as pandas writes 7 beside a missing one.

    What is not a number (NaN) becomes a missing id.
    """
    if kind == "VARCHAR":
        rule = f"regexp_full_match({column}, '-?(0|[1-9][0-9]{{0,14}})([.]0)?')"
    elif any(name in kind for name in ("DOUBLE", "FLOAT")):
        db.execute(f"update {table} set {column} = null where isnan({column})")
        rule = f"isfinite({column}) and {column} = floor({column}) and abs({column}) < 9e15"
    elif "INT" in kind and kind != "INTERVAL":
        rule = f"try_cast({column} as bigint) is not null"
    else:
        return False
    query = f"select 1 from {table} where {column} is not null and not ({rule}) limit 1"
    return not db.execute(query).fetchall()
