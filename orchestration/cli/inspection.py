"""The state of everything, and the command that serves the app's API."""

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.cli.context import settings_for
from orchestration.cli.options import AsOf
from orchestration.run.console import Console

app = typer.Typer()


@app.command()
def status() -> None:
    """Show the state: last run, lake, build, publication, lock."""
    from orchestration.monitoring.status import facts

    Console().table(["", ""], facts(settings_for()))


@app.command()
def source(  # noqa: PLR0913, PLR0917 - the settings of a world, which a test or a bench sets one by one
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0: any free one.")] = None,
    as_of: AsOf = None,
    world: Annotated[Path | None, typer.Option(help="Serve this folder's Parquet files.")] = None,
    seed: Annotated[int | None, typer.Option(help="Every name and play follows from it.")] = None,
    users: Annotated[int | None, typer.Option(help="Users of a new world.")] = None,
    tracks: Annotated[int | None, typer.Option(help="Tracks of a new world.")] = None,
    days: Annotated[int | None, typer.Option(help="Days of history of a new world.")] = None,
) -> None:
    """Serve the app's own API until interrupted; MOOVITAMIX_SOURCE_… sets the same."""
    asked: dict[str, Any] = {name: value for name, value in locals().items() if value is not None}
    from api.source.server import serve
    from api.source.settings import SourceSettings

    serve(SourceSettings(data_dir=settings_for().data_dir, **asked))
