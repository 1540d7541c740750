"""Read the published file: one query, read-only."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestration.errors import NothingPublished, QueryFailed
from orchestration.screen import Screen
from orchestration.settings import Settings

# A terminal is for looking; --csv and --json hand over everything.
SHOWN_ROWS = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """A query's result, whole."""

    columns: list[str]
    rows: Sequence[tuple[object, ...]]


def query(settings: Settings, sql: str) -> Answer:
    """Return what the published file answers; raise `QueryFailed` with DuckDB's reason."""
    import duckdb

    if not settings.marts_file.exists():
        raise NothingPublished(settings.marts_file)
    alone: dict[str, Any] = {
        "enable_external_access": "false"
    }  # or `copy … to` would write files all the same
    with duckdb.connect(settings.marts_file, read_only=True, config=alone) as published:
        try:
            asked = published.execute(sql)
        except duckdb.Error as error:
            reason = str(error).split("\n\nLINE ")[0]
            raise QueryFailed(" ".join(reason.split())) from error
        return Answer([column[0] for column in asked.description or []], asked.fetchall())


def show(answer: Answer, screen: Screen) -> None:
    """Print an answer as a table, its first rows when it is long."""
    shown = answer.rows[:SHOWN_ROWS]
    cells = [["" if value is None else str(value) for value in row] for row in shown]
    screen.table(answer.columns, cells, to_the_right=_numbers(answer))
    if len(answer.rows) > SHOWN_ROWS:
        screen.say(f"the first {SHOWN_ROWS} of {len(answer.rows):,} rows; --csv prints all")


def to_json(answer: Answer) -> str:
    """Return an answer as a JSON list of objects; instants and decimals become text."""
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    return json.dumps(rows, default=str, ensure_ascii=False)


def to_csv(answer: Answer) -> str:
    """Return an answer as CSV with a header."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(answer.columns)
    lines.writerows(answer.rows)
    return text.getvalue()


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
