"""Startup errors of the app simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.errors import ApiError

if TYPE_CHECKING:
    from pathlib import Path


class SourceError(ApiError):
    """The app's API cannot serve its world."""


class OtherWorldRecorded(SourceError):
    """The data directory holds a world made with other parameters than the ones asked for."""

    def __init__(self, folder: Path, differences: list[str]) -> None:
        super().__init__(
            f"{folder} holds another world ({'; '.join(differences)}): "
            "remove that folder, or use another data directory"
        )


class WorldRecordBroken(SourceError):
    """`world.json` is there but can't be understood."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} can't be read ({reason}): remove the folder {path.parent}")


class WorldMissing(SourceError):
    """The directory given to `--world` lacks a table."""

    def __init__(self, folder: Path, table: str) -> None:
        super().__init__(
            f"no {table}.parquet (a file, or a directory of Parquet files) in the world {folder}"
        )


class WorldUnreadable(SourceError):
    """A table of the given world is not Parquet, or its files disagree."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} can't be read as Parquet: {reason}")


class WorldFieldWrong(SourceError):
    """A table of the given world lacks a field, or has it in a type the API does not have."""

    def __init__(self, path: Path, field: str, found: str, expected: str) -> None:
        super().__init__(f"{path}: field {field} is {found}, and must be {expected}")
