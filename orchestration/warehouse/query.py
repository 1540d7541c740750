"""Read the published file: one query, read-only."""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake import publications
from lake.errors import PublicationInUse
from orchestration.run.console import Console
from orchestration.run.errors import QueryFailed
from orchestration.run.settings import Settings

if TYPE_CHECKING:
    import duckdb

# A terminal shows few rows; --csv and --json print all.
SHOWN_ROWS = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """A query's result, whole."""

    columns: list[str]
    rows: Sequence[tuple[object, ...]]


def query(settings: Settings, sql: str) -> Answer:
    """Return what the published file answers; raise `QueryFailed` with DuckDB's reason.

    Raises `NothingPublished` and `PublicationDamaged` where there is nothing to trust.
    """
    import duckdb

    try:
        _require_one_statement(duckdb.extract_statements(sql))
        with _opened(settings.marts_file) as published:
            asked = published.execute(sql)
            return Answer([column[0] for column in asked.description or []], asked.fetchall())
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


def show(answer: Answer, console: Console) -> None:
    """Print an answer as a table, its first rows when it is long."""
    shown = answer.rows[:SHOWN_ROWS]
    cells = [["" if value is None else str(value) for value in row] for row in shown]
    console.table(answer.columns, cells, to_the_right=_numbers(answer))
    if len(answer.rows) > SHOWN_ROWS:
        console.print(f"the first {SHOWN_ROWS} of {len(answer.rows):,} rows; --csv prints all")


def to_json(answer: Answer) -> str:
    """Return an answer as a JSON list of objects; instants and decimals become text.

    Of columns with the same name the later ones are numbered: `a`, `a_1`.
    """
    names = _distinct(answer.columns)
    return _json([dict(zip(names, row, strict=True)) for row in answer.rows])


def to_csv(answer: Answer) -> str:
    """Return an answer as CSV with a header; lists and structs are JSON in it."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(answer.columns)
    lines.writerows(
        [_json(value) if isinstance(value, list | tuple | dict) else value for value in row]
        for row in answer.rows
    )
    return text.getvalue()


def _json(value: object) -> str:
    return json.dumps(_plain(value), default=str, ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    """Return a value, to its depth, as JSON can hold it: no NaN, no infinity, text as keys."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the names, those that were there before with a number that makes them new."""
    distinct: list[str] = []
    for name in names:
        numbered = (f"{name}_{number}" for number in count(1))
        free = chain([name], (other for other in numbered if other not in names))
        distinct.append(next(one for one in free if one not in distinct))
    return distinct


def _numbers(answer: Answer) -> list[str]:
    """Return the columns that hold nothing but numbers."""
    columns = zip(answer.columns, zip(*answer.rows, strict=True), strict=False)
    return [
        name
        for name, values in columns
        if all(
            isinstance(value, int | float | Decimal) and not isinstance(value, bool)
            for value in values
            if value is not None
        )
    ]
