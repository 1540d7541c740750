"""An SQL shell on the published file: DuckDB's own, with history and completion."""

import os
from pathlib import Path

from lake import publications
from lake.errors import NothingPublished
from orchestration.run.settings import Settings


def open_shell(settings: Settings) -> None:
    """Become DuckDB's shell on the present publication.

    Raises:
        NothingPublished: There is no published file.
        PublicationDamaged: There is one that can't be trusted.
    """
    link = settings.marts_file
    file = publications.find(link)
    if file is None:
        raise NothingPublished(link)
    publications.require_intact(link, file)
    words = command(link)
    os.execv(words[0], words)  # noqa: S606 - our own words


def command(file: Path) -> list[str]:
    """Return the command line of the shell on a file, which it can't write to."""
    import duckdb_cli

    program = Path(str(duckdb_cli.__file__)).with_name("duckdb")
    return [str(program), "-readonly", str(file)]
