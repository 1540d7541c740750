"""Markdown of reference pages."""

from collections.abc import Iterable, Sequence


def cell(text: object) -> str:
    """Return text as it stands in a cell: a line, and no end of the cell."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def code(text: object) -> str:
    """Return text as code in a cell; nothing for nothing."""
    line = " ".join(str(text).split()).replace("|", "\\|")
    return f"`{line}`" if line else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
