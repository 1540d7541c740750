"""Cells: missing values and normalised text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml.errors import UnreadableTable

if TYPE_CHECKING:
    import duckdb

    from ml.data.external.source import Source

MISSING = (
    "", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "\\N", "NULL", "Null", "null", "None", "NaN",
    "nan", "NAN", "-nan", "-NaN", "NaT", "nil",
)  # fmt: skip
"""Written by R, pandas, MySQL, PostgreSQL, Excel and others for what is not known."""
_TOKENS = ", ".join(f"'{token}'" for token in MISSING)
_BLANK = " \t\r\n\v\f\u00a0\u2007\u202f\u3000\ufeff\u200b"
_NUMBERS = ("INT", "FLOAT", "DOUBLE", "DECIMAL", "REAL")


def is_number_type(kind: str) -> bool:
    """Whether a type of DuckDB's is of numbers."""
    return any(name in kind for name in _NUMBERS) and not is_nested(kind) and kind != "INTERVAL"


def is_nested(kind: str) -> bool:
    """Whether a type of DuckDB's is a list or has fields."""
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "VARIANT"))


def clean_text(db: duckdb.DuckDBPyConnection, table: str, column: str) -> None:
    """Bring a column of text into the form of `text_of`, in place.

    Most files need nothing: to look for what does costs a tenth of trimming every value.

    Args:
        db: The connection that holds the tables of the reading.
        table: The table.
        column: The column of text.

    """
    db.execute(
        f"update {table} set {column} = nfc_normalize(trim({column}, '{_BLANK}'))"
        f" where not regexp_full_match({column}, '[!-~]([ -~]*[!-~])?')"
    )
    db.execute(f"update {table} set {column} = null where {column} in ({_TOKENS})")


def text_of(column: str, kind: str) -> str:
    """Return SQL for a column's text: trimmed, in Unicode's form NFC, null where it is missing.

    Whole numbers of floating point lose their `.0`.
    """
    if kind == "VARCHAR":
        trimmed = f"trim({column}, '{_BLANK}')"
        return f"case when {trimmed} not in ({_TOKENS}) then nfc_normalize({trimmed}) end"
    if "DOUBLE" in kind or "FLOAT" in kind:
        return (
            f"case when isnan({column}) then null"
            f" when isfinite({column}) and {column} = trunc({column}) and abs({column}) < 1e17"
            f" then {column}::bigint::varchar else {column}::varchar end"
        )
    if "DECIMAL" in kind:
        return f"regexp_replace({column}::varchar, '\\.0+$', '')"
    return f"{column}::varchar"


def require_flat(source: Source, place: int) -> None:
    """Refuse a list or a nested value where one value is needed."""
    if is_nested(source.types[place]):
        why = f"column {source.names[place]} holds lists or nested values, not one value a row"
        raise UnreadableTable(source.path, why)


def shortened(text: str, most: int = 60) -> str:
    """Return text that fits into one line of a message."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
