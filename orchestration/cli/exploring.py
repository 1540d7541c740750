"""Commands for analysts: SQL in a command and in a shell, and pages in a browser."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from orchestration.cli.context import settings_for
from orchestration.run.console import Console

app = typer.Typer()

Format = Literal["table", "csv", "json", "parquet", "markdown"]


@app.command()
def query(  # noqa: PLR0913, PLR0917 - each a word of the command line
    sql: Annotated[str | None, typer.Argument(help="One query.", metavar="SQL")] = None,
    file: Annotated[
        Path | None, typer.Option(help="Read the query from a file; - is the input.")
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="How the answer is written; a table for people.")
    ] = "table",
    limit: Annotated[int | None, typer.Option(help="The most rows to return.", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="The same as --format csv.")] = False,
) -> None:
    """Ask the published file, read-only."""
    from orchestration.warehouse.answers import answer_writing
    from orchestration.warehouse.query import sql_of

    chosen: Format = "json" if as_json else "csv" if as_csv else form
    answer_writing.write_answer(settings_for(), sql_of(sql, file), chosen, limit)


@app.command()
def shell() -> None:
    """Open an SQL shell on the published file, read-only, with history and completion."""
    from orchestration.warehouse.answers.shell import open_shell

    open_shell(settings_for())


@app.command()
def explore(  # noqa: PLR0913, PLR0917 - each a word of the command line
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0: any free one.")] = None,
    personal: Annotated[
        bool, typer.Option("--personal", help="Show names: read marts.duckdb, not the masked file.")
    ] = False,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    edit: Annotated[
        bool, typer.Option("--edit", help="Open a copy of the notebooks, to change them.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(help="Write the pages as HTML that needs no server.", metavar="DIR"),
    ] = None,
) -> None:
    """Look at the published data in a browser; the pages follow each new publication."""
    from orchestration.explore import editing, exporting, server

    settings = server.prepare(host=host, port=port, personal=personal)
    console = Console()
    if export is not None:
        with console.working("export"):
            written = exporting.export(export)
        console.print(f"{len(written)} pages: {written[0]}")
    elif edit:
        editing.edit(settings, opens_browser=browser)
    else:
        server.serve(settings, console.print, opens_browser=browser)
