"""A difference on a terminal."""

from collections.abc import Iterator

from orchestration.run.console import Console
from orchestration.warehouse.comparing.difference import (
    KINDS,
    Difference,
    RowExample,
    TableDifference,
)
from orchestration.warehouse.comparing.difference_page import change, figure


def show(difference: Difference, console: Console) -> None:
    """Print what differs: tables, columns, rows, examples, metrics."""
    console.print(f"{difference.base} -> {difference.target}: {difference.headline()}")
    for word, tables in (("came", difference.tables_added), ("went", difference.tables_removed)):
        for name, rows in tables.items():
            console.print(f"table {name} {word}, {rows:,} rows")
    if difference.differing:
        names = ["rows before", "after", *KINDS]
        cells = [
            [
                table.name,
                *(f"{n:,}" for n in (table.rows_before, table.rows_after, *table.rows.values())),
            ]
            for table in difference.differing
        ]
        console.table(["table", *names], cells, to_the_right=names)
    for table in difference.differing:
        for line in _lines(table):
            console.print(line)
    if metrics := [metric for metric in difference.metrics if metric.differs]:
        console.table(
            ["metric", "before", "after", "change"],
            [[its.label, figure(its.before), figure(its.after), change(its)] for its in metrics],
            to_the_right=("before", "after", "change"),
        )


def _lines(table: TableDifference) -> Iterator[str]:
    for name, kind in table.columns_added.items():
        yield f"{table.name}: column {name} came ({kind})"
    for name, kind in table.columns_removed.items():
        yield f"{table.name}: column {name} went ({kind})"
    for name, (before, after) in table.columns_retyped.items():
        yield f"{table.name}: column {name} was {before}, is {after}"
    for name, rows in table.columns_changed.items():
        yield f"{table.name}: {name} differs in {rows:,} rows"
    for example in table.examples:
        yield f"  {example.kind} {_example(example)}"


def _example(example: RowExample) -> str:
    key = ", ".join(f"{name} {value}" for name, value in example.key.items())
    columns = "; ".join(
        f"{name} {before} -> {after}" for name, (before, after) in example.columns.items()
    )
    return f"{key}: {columns}" if columns else key
