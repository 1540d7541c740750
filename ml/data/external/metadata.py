"""Metadata of tracks or users: a row for each id, and columns of values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ml.data.external.cells import is_nested, text_of
from ml.data.external.column import Column
from ml.data.external.headers import require_once
from ml.data.external.identifiers import settle_ids
from ml.data.external.spellings import dates_of
from ml.errors import NoSharedIds

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from ml.data.external.source import Source

_NUMBER = re.compile(r"[+-]?(0|[1-9]\d{0,14})(\.\d*)?([eE][+-]?\d{1,2})?|[+-]?0?\.\d+")


def load_metadata(db: duckdb.DuckDBPyConnection, source: Source, side: str, key: int) -> list[str]:
    """Read a file of metadata into a table by its own numbers of columns; return their names.

    The table `tracks` or `users` has `row`, `track_id` or `user_id`, and `c0`, `c1` and so on.

    Args:
        db: The connection that holds the tables of the reading.
        source: The file of metadata.
        side: `tracks` or `users`.
        key: The number of the column that holds the id.

    """
    columns = [at for at, name in enumerate(source.names) if at != key and name.strip()]
    for at in columns:
        require_once(source.path, source.names, source.names[at])
    selects = [
        f"{_value_of(source.selects[at], source.types[at])} as c{number}"
        for number, at in enumerate(columns)
    ]
    key_text = text_of(source.selects[key], source.types[key])
    every = ", ".join([f"{key_text} as {side}_id", *selects])
    db.execute(
        f"create table {side}s as select row_number() over () as row, * from"
        f" (select {every} from {source.reader})"
    )
    settle_ids(Column(db, source, key, f"{side}_id", f"{side}s"))
    return [source.names[at] for at in columns]


def require_shared_ids(
    db: duckdb.DuckDBPyConnection, side: str, listens: Path, metadata: Path
) -> tuple[int, int]:
    """Return how many ids of the listens have metadata, and how many have none but listens.

    Raises:
        NoSharedIds: no id stands in both files.

    Args:
        db: The connection that holds the tables of the reading.
        side: `tracks` or `users`.
        listens: The file of listens, for the message.
        metadata: The file of metadata, for the message.

    """
    column = f"{side}_id"
    shared, without_listens = db.execute(
        f"select count(*) filter (heard), count(*) filter (not heard) from ("
        f" select distinct {column}, {column} in (select {column} from listens"
        f" where {column} is not null) as heard from {side}s where {column} is not null)"
    ).fetchall()[0]
    if not shared:
        examples = [
            row[0] if (row := db.execute(f"select min({column}) from {table}").fetchone()) else None
            for table in (f"{side}s", "listens")
        ]
        raise NoSharedIds(metadata, listens, column, examples[0], examples[1])
    return int(shared), int(without_listens)


def columns_of(db: duckdb.DuckDBPyConnection, side: str, names: list[str]) -> dict[str, list[Any]]:
    """Return each column's values in the order of the ids' codes; of an id given twice, one row.

    Args:
        db: The connection that holds the tables of the reading.
        side: `tracks` or `users`.
        names: The names of the columns.

    """
    ids = db.execute(f"select id from {side}_codes order by code").fetchall()
    if not names or not ids:
        return {}
    chosen = ", ".join(f"c{number}" for number in range(len(names)))
    rows = db.execute(
        f"select {chosen} from {side}_codes left join (select distinct on ({side}_id) {side}_id,"
        f" {chosen} from {side}s order by {side}_id, {chosen}) as its on its.{side}_id = id"
        " order by code"
    ).fetchall()
    columns = zip(*rows, strict=True)
    return {name: _typed(list(values)) for name, values in zip(names, columns, strict=True)}


def _value_of(select: str, kind: str) -> str:
    """Return SQL for a cell: lists and numbers as they are, text in one form."""
    if kind == "VARCHAR":
        return text_of(f"try({select})", kind)
    if kind.startswith("DECIMAL") and not is_nested(kind):
        return f"{select}::double"
    if kind.endswith("]") and kind.count("[") == 1 and "STRUCT" not in kind:
        return f"{select}::varchar[]"
    return f"{select}::varchar" if is_nested(kind) else select


def _typed(values: list[Any]) -> list[Any]:
    """Make numbers, dates or booleans of text where all of a column is."""
    there = [value for value in values if value is not None]
    if not there or not all(isinstance(value, str) for value in there):
        return values
    if all(_NUMBER.fullmatch(text) for text in there):
        return [None if text is None else _number(text) for text in values]
    if all(text.lower() in {"true", "false"} for text in there):
        return [None if text is None else text.lower() == "true" for text in values]
    return dates_of(values) or values


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number
