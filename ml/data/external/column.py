"""A loaded column of a file: checked and retyped, or refused with line and name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml.errors import UnreadableTable

if TYPE_CHECKING:
    import duckdb

    from ml.data.external.source import Source


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table whose `row` counts from 1, and the file that it came from."""

    db: duckdb.DuckDBPyConnection
    source: Source
    place: int
    """Of the column in the file."""
    name: str
    table: str = "listens"

    @property
    def type(self) -> str:
        """DuckDB's type in the file; text where the format has no types."""
        return self.source.types[self.place]

    def refuse(self, row: int, why: str) -> UnreadableTable:
        """Return an error that names the line and the column."""
        column = f"column {self.source.names[self.place]}: {why}"
        where = f"{self.source.at(row)}, " if row else ""
        return UnreadableTable(self.source.path, where + column)

    def refuse_type(self, wanted: str) -> UnreadableTable:
        """Return an error that names the column and its type."""
        why = f"column {self.source.names[self.place]} holds {self.type.lower()}, {wanted}"
        return UnreadableTable(self.source.path, why)

    def first(self, rule: str, *values: object) -> tuple[int, str] | None:
        """Return the first row that has a value and fits a rule, and the value as text."""
        row = self.db.execute(
            f"select row, {self.name}::varchar from {self.table}"
            f" where {self.name} is not null and ({rule}) order by row limit 1",
            list(values),
        ).fetchone()
        return None if row is None else (int(row[0]), str(row[1]))

    def first_unlike(self, *patterns: str) -> tuple[int, str] | None:
        """Return the first row whose text is written in none of these ways, and the text."""
        rules = " and ".join(f"not regexp_full_match({self.name}, ?)" for _ in patterns)
        return self.first(rules, *patterns)

    def has_other(self, pattern: str) -> bool:
        """Whether a text is not written in a way; faster than to look for the first such row."""
        return has_other(self.db, self.table, self.name, pattern)

    def count(self, rule: str, *values: object) -> int:
        """Return the number of rows that fit a rule."""
        query = f"select count(*) from {self.table} where {rule}"
        return int(self.db.execute(query, list(values)).fetchall()[0][0])

    def retype(self, kind: str, sql: str) -> None:
        """Make the column one of another type."""
        self.db.execute(f"alter table {self.table} alter {self.name} type {kind} using {sql}")


def has_other(db: duckdb.DuckDBPyConnection, table: str, name: str, pattern: str) -> bool:
    """Whether a text of a table's column is not written in a way.

    Args:
        db: The connection that holds the tables of the reading.
        table: The table.
        name: The column.
        pattern: The regular expression of that way.

    """
    query = f"select 1 from {table} where {name} is not null and not regexp_full_match({name}, ?)"
    return bool(db.execute(f"{query} limit 1", [pattern]).fetchall())
