"""People and their exports: which path belongs to whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ml.errors import UnreadableTable


@dataclass(frozen=True, slots=True)
class Person:
    """A person's name and one export: a file, a folder or a ZIP archive."""

    name: str
    path: Path
    is_named: bool = False
    """Whether the name was given, and is not just the path's."""


def people_of(paths: list[str]) -> list[Person]:
    """Return who each `PATH` or `NAME=PATH` belongs to.

    Raises:
        UnreadableTable: nothing is there, or a name is empty.

    """
    return [_person(text) for text in paths]


def people_in(folder: Path) -> list[Person]:
    """Return one person for each visible folder, archive and file in a folder."""
    there = sorted(path for path in folder.iterdir() if not path.name.startswith((".", "__")))
    return [Person(_name_of(path), path) for path in there]


def _person(text: str) -> Person:
    path = Path(text).expanduser()
    name, equals, rest = text.partition("=")
    if not path.exists() and equals:
        path = Path(rest).expanduser()
        if not name.strip():
            raise UnreadableTable(text, "no name stands before the =: write it as NAME=PATH")
        if path.exists():
            return Person(" ".join(name.split()), path, is_named=True)
    if not path.exists():
        raise UnreadableTable(path, "there is no such file or folder")
    return Person(_name_of(path.resolve()), path)


def _name_of(path: Path) -> str:
    """Return the name of a folder, or of a file without its endings."""
    name = path.name if path.is_dir() else path.name.split(".")[0]
    return " ".join(name.split()) or path.name
