"""Errors of imports."""

from pathlib import Path

from lake.errors import MoovitamixError


class NoImportedWorld(MoovitamixError):
    """The folder for a world holds something else."""

    runbook = "training-data"

    def __init__(self, folder: Path, found: str) -> None:
        super().__init__(
            f"{folder} holds {found} and no world of an import: choose an empty or a new folder"
        )
