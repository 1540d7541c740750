"""A streaming service whose exports are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ml.data.exports.archives import ExportFile
    from ml.data.exports.exported_plays import Plays
    from ml.data.exports.owners import Person


@dataclass(frozen=True, slots=True)
class Service:
    """How a service's files are known by their names, and read."""

    name: str
    knows: Callable[[str], bool]
    """Whether a file of a folder or an archive holds listens, by its path there."""
    read: Callable[[Plays, ExportFile, Person, Path], None]
    """Append a file's rows; the last argument is an empty folder for copies."""
    person_in: Callable[[list[ExportFile]], str | None] = lambda _: None
    """Return whose export it is, where one of its other files says so."""
    knows_person: Callable[[str], bool] = lambda _: False
    """Whether a file says whose export it is."""
