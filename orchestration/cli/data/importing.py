"""The command that makes a world of one's own listening history."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.context import settings_for
from orchestration.cli.options import DateOrderOption, Encoding, TimeZone

app = typer.Typer()


class ServiceName(StrEnum):
    """Whose export it is."""

    spotify = "spotify"
    lastfm = "lastfm"
    listenbrainz = "listenbrainz"
    csv = "csv"


@app.command("import")
def import_(  # noqa: PLR0913, PLR0917 - the files, and what they leave open
    service: Annotated[ServiceName, typer.Argument(help="Who wrote the files; csv: any table.")],
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Each one person's export: a file, folder or ZIP. NAME=PATH names the person.",
            metavar="PATH...",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The world's folder; an import adds to it.")],
    least_ms_played: Annotated[
        int, typer.Option(help="Shorter plays are left out; 0: none.", min=0)
    ] = 30_000,
    podcasts: Annotated[
        bool, typer.Option("--podcasts", help="Also take podcasts and audiobooks.")
    ] = False,
    gap: Annotated[
        int, typer.Option(help="A session ends where nothing plays for so long.", min=1)
    ] = 30,
    user: Annotated[str | None, typer.Option(help="csv: the column of people.")] = None,
    track: Annotated[str | None, typer.Option(help="csv: the column of titles or ids.")] = None,
    artist: Annotated[str | None, typer.Option(help="csv: the column of artists.")] = None,
    album: Annotated[str | None, typer.Option(help="csv: the column of albums.")] = None,
    at: Annotated[str | None, typer.Option(help="csv: the column of instants.")] = None,
    plays: Annotated[str | None, typer.Option(help="csv: the column of play counts.")] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="Of delimited files, where it is not found.")
    ] = None,
    encoding: Encoding = None,
    date_order: DateOrderOption = None,
    time_zone: TimeZone = "UTC",
) -> None:
    """Make a world of people's own listening histories, for `run --world`."""
    from ml.data.external.reading_options import ReadingOptions
    from orchestration.operations.imports.import_listens import import_listens

    names = {
        "user": user, "track": track, "artist": artist, "album": album, "at": at, "plays": plays
    }  # fmt: skip
    columns = {role: name for role, name in names.items() if name}
    if columns and service is not ServiceName.csv:
        raise typer.BadParameter(f"--{next(iter(columns))} is of `import csv` alone")
    options = ReadingOptions(
        delimiter=delimiter,
        encoding=encoding,
        date_order=None if date_order is None else date_order.value,
        time_zone=time_zone,
        least_ms_played=least_ms_played,
        with_spoken=podcasts,
    )
    settings = settings_for()
    done = import_listens(
        service.value,
        paths,
        out,
        options,
        columns=columns,
        gap_minutes=gap,
        memory_limit=settings.memory_limit,
    )
    for line in done.lines:
        typer.echo(line)
    typer.echo(f"next      moovitamix run --world {done.world}")
