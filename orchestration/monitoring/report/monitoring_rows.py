"""Read the monitoring marts; what is not there yet has no rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake import publications
from orchestration.run.redaction import masked

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query gave: the names of its columns, and its rows."""

    columns: Sequence[str] = ()
    rows: Sequence[tuple[Any, ...]] = ()

    def __bool__(self) -> bool:
        return bool(self.rows)

    def of(self, column: str) -> list[Any]:
        """The values of a column, from the first row to the last."""
        place = self.columns.index(column)
        return [row[place] for row in self.rows]

    def by(self, column: str) -> "dict[Any, Rows]":
        """The rows of each value of a column, in the order in which the values come."""
        apart: dict[Any, list[tuple[Any, ...]]] = {}
        for value, row in zip(self.of(column) if self.rows else [], self.rows, strict=True):
            apart.setdefault(value, []).append(row)
        return {value: Rows(self.columns, rows) for value, rows in apart.items()}

    def dicts(self) -> list[dict[str, Any]]:
        """Each row by the names of its columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Records:
    """The monitoring marts of one file, opened."""

    connection: "duckdb.DuckDBPyConnection"

    def ask(self, sql: str) -> Rows:
        """Return what a query gives, or no rows where a mart is missing that it reads.

        Texts are masked: an error that a run recorded may quote what a record says.
        """
        import duckdb

        try:
            asked = self.connection.execute(sql)
        except duckdb.CatalogException:
            return Rows()
        columns = tuple(column[0] for column in asked.description or ())
        return Rows(columns, [tuple(map(_told, row)) for row in asked.fetchall()])


@contextmanager
def opened(monitoring: Path) -> Iterator[Records]:
    """Yield the marts of a file, which a run may replace meanwhile."""
    with publications.connect(monitoring) as connection:
        yield Records(connection)


def _told(value: object) -> object:
    # An API's own answer is in one kind of error only; others have no such words.
    return masked(value, kind="ApiRefused") if isinstance(value, str) else value
