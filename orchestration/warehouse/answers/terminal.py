"""Answers on a terminal: a table, or where it is too wide, a block for each record."""

from decimal import Decimal

from rich.text import Text

from orchestration.run.console import Console
from orchestration.warehouse.query import Answer

# A terminal shows few rows; the other formats have all.
SHOWN_ROWS = 200
# What a table adds to each column: a space on both sides, and a line.
FRAME = 3


def show(answer: Answer, console: Console) -> None:
    """Print an answer, its first rows when it is long."""
    shown = answer.rows[:SHOWN_ROWS]
    cells = [["" if value is None else str(value) for value in row] for row in shown]
    if console.terminal.is_terminal and _width(answer.columns, cells) > console.terminal.width:
        _show_records(answer.columns, cells, console)
    else:
        console.table(answer.columns, cells, to_the_right=_numbers(answer))
    if len(answer.rows) > SHOWN_ROWS:
        console.print(
            f"the first {SHOWN_ROWS} of {len(answer.rows):,} rows; --format csv prints all"
        )
    elif answer.has_more:
        console.print(f"the first {len(answer.rows):,} rows; there are more")


def _width(columns: list[str], rows: list[list[str]]) -> int:
    """Return how many characters wide the table would be."""
    widths = [max(_length(cell) for cell in column) for column in zip(columns, *rows, strict=True)]
    return sum(widths) + FRAME * len(widths) + 1


def _length(text: str) -> int:
    return max((Text(line).cell_len for line in text.splitlines()), default=0)


def _show_records(columns: list[str], rows: list[list[str]], console: Console) -> None:
    """Print a record below the other, each value beside the name of its column."""
    names = max(map(_length, columns))
    for number, row in enumerate(rows, 1):
        rule = f"── {number} "
        console.terminal.print(Text(rule.ljust(min(console.terminal.width, names + 40), "─")))
        for name, cell in zip(columns, row, strict=True):
            line = Text(name.ljust(names + 2), style="dim")
            line.append(" ".join(cell.split()), style="not dim")
            line.truncate(max(console.terminal.width, names + 12), overflow="ellipsis")
            console.terminal.print(line, no_wrap=True, crop=False, overflow="ignore")


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
