"""Maintenance commands: accept, compact, forget, backup, restore."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.context import settings_for, writing
from orchestration.cli.options import Wait

app = typer.Typer()


@app.command()
def accept(
    what: Annotated[
        str, typer.Argument(help="A load, as its refusal named it, or a day, YYYY-MM-DD.")
    ],
    reason: Annotated[str, typer.Option(help="Why it is right; recorded with the load.")],
    wait: Wait = 0,
) -> None:
    """Accept a refused load, or a day of unusual volume."""
    from orchestration.steps import ingesting

    with writing(settings_for(), "accept", wait) as day:
        ingesting.accept(day, what, reason)
    day.show_summary()


@app.command()
def compact(
    keep_superseded: Annotated[
        int | None,
        typer.Option(help="Days that superseded and repeated records stay; default: for ever."),
    ] = None,
    keep_ops: Annotated[
        int | None, typer.Option(help="Days that rows of runs and logs stay; default: for ever.")
    ] = None,
    wait: Wait = 0,
) -> None:
    """Make few large files of the lake's many small ones; the marts stay as they are."""
    from orchestration.operations import compaction

    settings = settings_for()
    with writing(settings, "compact", wait) as day:
        compaction.compact(day, keep_superseded, keep_ops)
    day.show_summary()


@app.command()
def backup(
    where: Annotated[
        Path | None,
        typer.Argument(help="Where backups lie; default MOOVITAMIX_BACKUP_DIR, else beside data."),
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(
            help="Newest ones that stay; 0: all; default MOOVITAMIX_BACKUP_KEEP, 7.", min=0
        ),
    ] = None,
    wait: Wait = 0,
) -> None:
    """Copy all that a lost data folder could not go on without, whole or not at all."""
    from orchestration.operations.backups.step import back_up

    settings = settings_for()
    with writing(settings, "backup", wait) as day:
        back_up(day, where, settings.backup_keep if keep is None else keep)
    day.show_summary()


@app.command()
def restore(
    where: Annotated[
        Path | None, typer.Argument(help="A backup, or where backups lie: then the newest.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what is in the data folder.")
    ] = False,
    wait: Wait = 0,
) -> None:
    """Restore a backup, without the people forgotten since."""
    from orchestration.operations.backups.step import put_back

    put_back(settings_for(), where, force=force, wait=wait)


@app.command()
def forget(
    user: Annotated[
        int,
        typer.Option(help="The app's id of the person.", metavar="ID", min=-(2**63), max=2**63 - 1),
    ],
    reason: Annotated[str, typer.Option(help="Kept on record; no name in it.")] = "asked to",
    unknown: Annotated[
        bool, typer.Option("--unknown", help="An id that no record has yet, too.")
    ] = False,
    wait: Wait = 0,
) -> None:
    """Erase a person everywhere, and drop what later pulls bring of the same id."""
    from orchestration.operations import forget_person

    with writing(settings_for(), "forget", wait) as day:
        left = forget_person.forget(day, user, reason, unknown=unknown)
    day.show_summary()
    for backup in left.backups:
        day.console.print(f"the backup {backup} was made before: it may hold this person still")
    for place in left.unreached:
        day.console.print(f"{place} can't be reached: `moovitamix backup {place}` once it can")
