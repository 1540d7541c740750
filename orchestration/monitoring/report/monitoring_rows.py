"""Read the monitoring marts and the published ones; what is not there yet has no rows."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake import publications
from lake.errors import PublicationDamaged
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
        except (
            duckdb.CatalogException,
            duckdb.BinderException,
        ):  # no such table, or no such column
            return []
        columns = [column[0] for column in found.description or ()]
        return [dict(zip(columns, map(_masked, row), strict=True)) for row in found.fetchall()]


@contextmanager
def open_records(monitoring: Path, marts: Path | None = None) -> Iterator[Records]:
    """Yield the marts of a file, which a run may replace meanwhile, and `marts` as `published`."""
    with publications.connect(monitoring) as connection:
        if marts is not None:
            _attach(connection, marts)
        yield Records(connection)


def _attach(connection: "duckdb.DuckDBPyConnection", marts: Path) -> None:
    """Attach what is published; the report of the runs must not fail where that is damaged."""
    import duckdb

    with suppress(PublicationDamaged, duckdb.IOException):
        if file := publications.find(marts):
            publications.require_intact(marts, file)
            name = str(file).replace("'", "''")
            connection.execute(f"attach '{name}' as published (read_only)")


def _masked(value: object) -> object:
    # An API's own answer is in one kind of error only; others have no such words.
    return mask(value, kind="ApiRefused") if isinstance(value, str) else value
