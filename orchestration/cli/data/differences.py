"""The command that compares two states of the marts."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.context import settings_for
from orchestration.run.console import Console

app = typer.Typer()
_STATE = "published, previous, build, a data folder or a .duckdb file."


@app.command()
def diff(  # noqa: PLR0913, PLR0917 - two states, what of them, and where it goes
    base: Annotated[str, typer.Argument(help=f"The state before: {_STATE}")] = "published",
    target: Annotated[str, typer.Argument(help=f"The state after: {_STATE}")] = "build",
    table: Annotated[
        list[str] | None, typer.Option(help="Compare this table alone; several times for more.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="A column that may differ, as load_id.")
    ] = None,
    examples: Annotated[int, typer.Option(help="Rows to show of each kind.", min=0, max=100)] = 5,
    html: Annotated[Path | None, typer.Option(help="Also write a page to this file.")] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Also write Markdown to this file, for a pull request.")
    ] = None,
) -> None:
    """Show what a change does to the marts: tables, columns, rows by key, metrics."""
    from lake.atomic import replace_file
    from orchestration.warehouse.comparing.compare import compare
    from orchestration.warehouse.comparing.difference_page import to_html, to_markdown
    from orchestration.warehouse.comparing.difference_text import show

    console = Console()
    found = compare(
        settings_for(),
        base,
        target,
        tables=table or (),
        ignored=ignore or (),
        most_examples=examples,
        on_table=console.update,
    )
    show(found, console)
    for path, write in ((html, to_html), (markdown, to_markdown)):
        if path:
            replace_file(path, write(found).encode())
            console.print(f"written to {path}")
