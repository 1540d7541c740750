"""Parsing of numbers, written in one way in the whole column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml.data.external.cells import is_number_type, shortened

if TYPE_CHECKING:
    from ml.data.external.column import Column

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


def read_numbers(column: Column) -> str:
    """Make a column one of doubles; return how they were written.

    Raises:
        UnreadableTable: a value is no number, or can be two.

    """
    if is_number_type(column.type):
        column.retype("double", f"nullif({column.name}::double, 'nan')")
        return ""
    if column.type != "VARCHAR":
        raise column.refuse_type("not numbers")
    for style, (pattern, sql) in _STYLES.items():
        if column.first_unlike(pattern) is None:
            if not style and "separated by ;" in column.source.form:
                _require_one_meaning(column)
            column.retype("double", f"{sql.format(column.name)}::double")
            return style
    row, value = column.first_unlike(*(pattern for pattern, _ in _STYLES.values())) or (0, "")
    why = f"'{shortened(value)}' is no number" if row else "numbers are written in several ways"
    raise column.refuse(row, why)


def _require_one_meaning(column: Column) -> None:
    """Refuse `1.204` between semicolons: where commas are decimal, points are thousands."""
    name = column.name
    row, value = column.db.execute(
        f"select min(row), arg_min({name}, row) from {column.table} where contains({name}, '.')"
        f" having bool_and(regexp_full_match({name}, '[+-]?[1-9]\\d{{0,2}}[.]\\d{{3}}'))"
    ).fetchone() or (None, None)
    if row is not None:
        why = f"{value} can be a thousand or a fraction: write it without the point"
        raise column.refuse(int(row), why)
