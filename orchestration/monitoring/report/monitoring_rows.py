"""Read the monitoring marts; what is not there yet has no rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake import publications
from orchestration.run.redaction import mask

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Records:
    """The monitoring marts of one file, opened."""

    connection: "duckdb.DuckDBPyConnection"

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a query, or none where a mart is missing that it reads.

        Texts are masked: a recorded error may quote values of records.
        """
        import duckdb

        try:
            found = self.connection.execute(sql)
        except duckdb.CatalogException:
            return []
        columns = [column[0] for column in found.description or ()]
        return [dict(zip(columns, map(_masked, row), strict=True)) for row in found.fetchall()]


@contextmanager
def open_records(monitoring: Path) -> Iterator[Records]:
    """Yield the marts of a file, which a run may replace meanwhile."""
    with publications.connect(monitoring) as connection:
        yield Records(connection)


def _masked(value: object) -> object:
    # An API's own answer is in one kind of error only; others have no such words.
    return mask(value, kind="ApiRefused") if isinstance(value, str) else value
