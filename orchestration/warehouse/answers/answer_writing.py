"""Write the answer to a query to the output, in the format that was asked for."""

import os
import sys
from io import StringIO
from typing import Literal

import rich.console

from orchestration.run.console import Console
from orchestration.run.errors import QueryFailed
from orchestration.run.settings import Settings
from orchestration.warehouse.answers import answer_formats, terminal
from orchestration.warehouse.query import Answer, query

Format = Literal["table", "csv", "json", "parquet", "markdown"]
# Of `less`: colours, long lines cut instead of folded, no pager for what fits, nothing wiped out.
LESS = "-RSFX"


def write_answer(settings: Settings, sql: str, form: Format, limit: int | None) -> None:
    """Ask the published file and write the answer to the standard output.

    Args:
        settings: Where the published file is.
        sql: One statement.
        form: The format.
        limit: The most rows; none: all.

    Raises:
        QueryFailed: DuckDB refused the query, or a terminal can't show the format.
    """
    if form == "parquet":
        if sys.stdout.isatty():
            raise QueryFailed(
                "Parquet is no text: write it to a file, … --format parquet > x.parquet"
            )
        answer_formats.write_parquet(settings, sql, limit, sys.stdout.buffer)
        return
    answer = query(settings, sql, limit)
    if form == "table":
        _show(answer)
    else:
        written = {
            "csv": answer_formats.to_csv,
            "json": answer_formats.to_json,
            "markdown": answer_formats.to_markdown,
        }
        text = written[form](answer)
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def _show(answer: Answer) -> None:
    """Print a table; on a terminal that is too low for it, in the reader's pager."""
    console = Console()
    screen = console.terminal
    if not screen.is_terminal:
        terminal.show(answer, console)
        return
    text = StringIO()
    drawn = rich.console.Console(
        file=text,
        width=screen.width,
        force_terminal=True,
        color_system="auto" if screen.color_system else None,
        highlight=False,
        markup=False,
    )
    terminal.show(answer, Console(drawn))
    if text.getvalue().count("\n") < screen.height:
        sys.stdout.write(text.getvalue())
    else:
        import click

        os.environ.setdefault("LESS", LESS)
        click.echo_via_pager(text.getvalue())
