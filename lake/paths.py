"""Paths as other programs read them: DuckDB takes some of their letters for patterns.

Whatever names a file to DuckDB does it through here, so that a name is never more than a name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_WILDCARDS = re.compile(r"([*?\[])")

NO_PARTITIONS = "hive_partitioning = false"
"""For every file whose folders say nothing: DuckDB reads `user_id=5/` as a column by itself."""


def pattern_of(path: Path | str) -> str:
    """Return what DuckDB reads as exactly this file; raise `ValueError` where nothing does."""
    text = str(path)
    if not _WILDCARDS.search(text):
        return text
    if "\\" in text:
        raise ValueError("a name with a backslash and one of * ? [ can't be read; rename it")
    return _WILDCARDS.sub(r"[\1]", text)


def literal(text: object) -> str:
    """Return `text` as an SQL literal, its quotes included."""
    return "'" + str(text).replace("'", "''") + "'"


def reader_of(path: Path) -> str:
    """Return DuckDB's function that reads a file: Parquet by its first bytes, else CSV."""
    with path.open("rb") as file:
        return "read_parquet" if file.read(4) == b"PAR1" else "read_csv"
