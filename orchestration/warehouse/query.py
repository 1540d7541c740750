"""Read the published file: one query, read-only."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake import publications
from lake.errors import PublicationInUse
from orchestration.run.errors import QueryFailed
from orchestration.run.settings import Settings

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Answer:
    """A query's result, or its first rows."""

    columns: list[str]
    rows: Sequence[tuple[object, ...]]
    has_more: bool = False
    """Whether there are rows beyond a limit."""


def query(settings: Settings, sql: str, limit: int | None = None) -> Answer:
    """Return what the published file answers.

    Args:
        settings: Where the published file is.
        sql: One statement.
        limit: The most rows to return; none: all.

    Raises:
        QueryFailed: DuckDB refused it; the message has its reason.
        NothingPublished: There is no published file.
        PublicationDamaged: There is one that can't be trusted.
    """
    with asking(settings, sql) as asked:
        columns = [one[0] for one in asked.description or []]
        rows = asked.fetchall() if limit is None else asked.fetchmany(limit + 1)
    return Answer(columns, rows[:limit], has_more=limit is not None and len(rows) > limit)


@contextmanager
def asking(settings: Settings, sql: str) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Yield a connection to the published file that has a query's result; as `query` it raises."""
    import duckdb

    try:
        _require_one_statement(duckdb.extract_statements(sql))
        with _opened(settings.marts_file) as published:
            yield published.execute(sql)
    except duckdb.Error as error:
        reason = str(error).split("\n\nLINE ")[0]
        raise QueryFailed(" ".join(reason.split())) from error


def _require_one_statement(statements: "list[duckdb.Statement]") -> None:
    import duckdb

    # A `pivot` comes with statements of DuckDB's own before it, which have no text.
    asked = [one for one in statements if one.query or one.type != duckdb.StatementType.CREATE]
    if not asked:
        raise QueryFailed("there is no query in it: it is empty, or a comment")
    if len(asked) > 1:
        raise QueryFailed(f"one query at a time: these are {len(asked)}")


def _opened(marts: Path) -> "duckdb.DuckDBPyConnection":
    import duckdb

    # Or `copy … to` would write files all the same.
    alone: dict[str, Any] = {"enable_external_access": "false"}
    try:
        return publications.connect(marts, alone)
    except PublicationInUse as error:
        raise QueryFailed(str(error)) from error
    except duckdb.IOException as error:
        raise QueryFailed(f"{marts} can't be read: {str(error).splitlines()[0]}") from error


def sql_of(words: str | None, file: Path | None) -> str:
    """Return the query that a command was given, as words or as a file; `-` is the input.

    What dbt compiled names tables of the build file; the published file has them without that name.

    Raises:
        QueryFailed: It was given none or both, or there is no such file.
    """
    if (words is None) == (file is None):
        raise QueryFailed("give one query: as words, or in a file by --file")
    if words is not None:
        return words
    assert file is not None, "one of both is given"
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise QueryFailed(f"{file} can't be read: {getattr(error, 'strerror', error)}") from error
    return text.replace('"build".', "")
