"""Numbers as people and spreadsheets write them, one way for a whole column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml.data.external.cells import is_number_type, shortened
from ml.errors import UnreadableTable

if TYPE_CHECKING:
    import duckdb

    from ml.data.external.source import Source

NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(?i:inf|infinity)"
_STYLES = {
    "": (NUMBER, "{}"),
    "thousands separated": (
        rf"[+-]?[1-9]\d{{0,2}}([,'\x{{2019}} \x{{a0}}\x{{202f}}_]\d{{3}})+(\.\d+)?|{NUMBER}",
        "regexp_replace({}, '[^0-9.eE+-]', '', 'g')",
    ),
    "decimal commas": (rf"[+-]?\d*,\d+|{NUMBER}", "replace({}, ',', '.')"),
    "points between thousands": (
        r"[+-]?\d{1,3}(\.\d{3})*(,\d+)?|[+-]?\d+(,\d+)?",
        "replace(replace({}, '.', ''), ',', '.')",
    ),
}
"""A way of writing numbers, its pattern, and how DuckDB's is made of it; the first that all fit."""


def read_numbers(db: duckdb.DuckDBPyConnection, source: Source, place: int, column: str) -> str:
    """Make a column of `listens` a column of doubles; return how they were written.

    Args:
        db: where the table `listens` is, whose `row` counts from 1.
        source: the file that it came from.
        place: of the column in the file.
        column: its name in the table.

    Raises:
        UnreadableTable: a value is no number, or can be two.

    """
    if is_number_type(source.types[place]):
        _retype(db, column, f"nullif({column}::double, 'nan')")
        return ""
    if source.types[place] != "VARCHAR":
        why = f"column {source.names[place]} holds {source.types[place].lower()}, not numbers"
        raise UnreadableTable(source.path, why)
    for style, (pattern, sql) in _STYLES.items():
        if _first_unlike(db, column, [pattern]) is None:
            _require_one_meaning(db, source, place, column, style)
            _retype(db, column, f"{sql.format(column)}::double")
            return style
    every = [pattern for pattern, _ in _STYLES.values()]
    row, value = _first_unlike(db, column, every) or (0, "")
    why = f"'{shortened(value)}' is no number" if row else "numbers are written in several ways"
    where = f"{source.at(row)}, " if row else ""
    raise UnreadableTable(source.path, f"{where}column {source.names[place]}: {why}")


def _retype(db: duckdb.DuckDBPyConnection, column: str, sql: str) -> None:
    db.execute(f"alter table listens alter {column} type double using {sql}")


def _first_unlike(
    db: duckdb.DuckDBPyConnection, column: str, patterns: list[str]
) -> tuple[int, str] | None:
    rules = " and ".join(f"not regexp_full_match({column}, ?)" for _ in patterns)
    row = db.execute(
        f"select row, {column} from listens where {column} is not null and {rules}"
        " order by row limit 1",
        patterns,
    ).fetchone()
    return None if row is None else (int(row[0]), str(row[1]))


def _require_one_meaning(
    db: duckdb.DuckDBPyConnection, source: Source, place: int, column: str, style: str
) -> None:
    """Refuse `1.204` between semicolons: where commas are decimal, points are thousands."""
    if style or "separated by ;" not in source.form:
        return
    row = db.execute(
        f"select min(row), arg_min({column}, row) from listens where contains({column}, '.')"
        f" having bool_and(regexp_full_match({column}, '[+-]?[1-9]\\d{{0,2}}[.]\\d{{3}}'))"
    ).fetchone()
    if row is not None and row[0] is not None:
        why = f"{row[1]} can be a thousand or a fraction: write it without the point"
        raise UnreadableTable(
            source.path, f"{source.at(int(row[0]))}, column {source.names[place]}: {why}"
        )
