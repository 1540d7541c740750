"""Answers in formats for other programs: CSV, JSON, Markdown, Parquet."""

import csv
import io
import json
import math
from collections.abc import Sequence
from itertools import chain, count
from typing import BinaryIO

from orchestration.run.settings import Settings
from orchestration.warehouse.query import Answer, asking

BATCH_ROWS = 122_880


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


def to_markdown(answer: Answer) -> str:
    """Return an answer as a table of Markdown."""
    lines = [answer.columns, ["---"] * len(answer.columns)]
    lines += [["" if value is None else _cell(value) for value in row] for row in answer.rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: object) -> str:
    text = _json(value) if isinstance(value, list | tuple | dict) else str(value)
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").split())


def write_parquet(settings: Settings, sql: str, limit: int | None, file: BinaryIO) -> None:
    """Write the answer to a query as Parquet, batch by batch, with the types that it has.

    Args:
        settings: Where the published file is.
        sql: One statement.
        limit: The most rows to write; none: all.
        file: Where to write.

    Raises:
        QueryFailed: DuckDB refused the query.
    """
    import pyarrow.parquet

    with asking(settings, sql) as asked:
        batches = asked.to_arrow_reader(BATCH_ROWS)
        with pyarrow.parquet.ParquetWriter(file, batches.schema, compression="zstd") as written:
            left = limit
            for batch in batches:
                written.write_batch(batch if left is None else batch[:left])
                left = None if left is None else left - len(batch)
                if left is not None and left <= 0:
                    break
