"""A source of rows: a file's columns, its reader in DuckDB, and the line of a row."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb

from ml.data.external.cells import clean_text, require_flat, shortened, text_of
from ml.data.external.column import Column
from ml.data.external.identifiers import settle_ids
from ml.errors import UnreadableTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """A file whose columns can be selected `from reader`."""

    path: Path
    names: list[str]
    types: list[str]
    """DuckDB's, of each column; all text where the format has no types."""
    selects: list[str]
    """The SQL expression of each column."""
    reader: str
    form: str
    """Of the file, for the report."""
    locate: Callable[[int], str] = field(default="row {}".format)
    """Return the place of a row, numbered from 1, in its file."""
    has_header: bool = True

    def at(self, row: int) -> str:
        """Return where a row stands, counted from 1, as a person looks for it."""
        return self.locate(row)


def load_columns(db: duckdb.DuckDBPyConnection, source: Source, places: Mapping[str, int]) -> None:
    """Read columns into the table `listens`, with `row` from 1; ids and text in one form.

    Args:
        db: where the table will be.
        source: the file.
        places: our name of each column, and where it stands in the file.

    Raises:
        UnreadableTable: a column holds lists, or ids that were rounded.

    """
    selects = []
    for role, place in places.items():
        require_flat(source, place)
        select, kind = source.selects[place], source.types[place]
        is_id = role.endswith("_id") and kind != "VARCHAR"
        selects.append(f"{text_of(select, kind) if is_id else select} as {role}")
    try:
        db.execute(
            "create table listens as select row_number() over () as row, * from"
            f" (select {', '.join(selects)} from {source.reader})"
        )
        for role, place in places.items():
            if source.types[place] == "VARCHAR":
                clean_text(db, "listens", role)
    except duckdb.Error as error:
        raise unreadable(source.path, error) from error
    for role in ("user_id", "track_id"):
        settle_ids(Column(db, source, places[role], role))


def unreadable(path: Path, error: duckdb.Error) -> UnreadableTable:
    """Return DuckDB's complaint about a file as one line."""
    line = re.sub(r"^(\w+ )+Error: ", "", str(error).splitlines()[0])
    line = re.sub(r"(Parquet )?(file )?['\"][^'\"]*/(plain|unpacked|text|lines)['\"]", "it", line)
    return UnreadableTable(path, shortened(line, 200))
