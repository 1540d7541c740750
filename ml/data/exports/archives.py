"""Files of an export: a single one, those of a folder, or the members of a ZIP archive."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ml.errors import UnreadableTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LARGEST_MEMBER = 8 << 30
"""Bytes of an unpacked member: services split their exports into files of some 12 MB."""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of an export, on disk."""

    path: Path
    shown: Path
    """How messages name it: a member of an archive by both names."""

    def is_empty(self) -> bool:
        """Whether it holds nothing, or an empty list."""
        return self.path.stat().st_size < 64 and self.path.read_bytes().strip() in {b"", b"[]"}


@dataclass(frozen=True, slots=True)
class Export:
    """The files of an export that are read, and the names of the others."""

    files: list[ExportFile]
    others: list[str]


def open_export(path: Path, folder: Path, wanted: Callable[[str], bool]) -> Export:
    """Find the files to read in an export; members of an archive are unpacked.

    Args:
        path: a file, which is read whatever its name; a folder; or a ZIP archive.
        folder: an empty folder for what is unpacked.
        wanted: whether a file is to be read, by its path below the export.

    Raises:
        UnreadableTable: an archive is damaged or has a password.

    """
    if path.is_dir():
        names = [
            its.relative_to(path).as_posix() for its in sorted(path.rglob("*")) if its.is_file()
        ]
        found = [ExportFile(path / name, path / name) for name in names if wanted(name)]
        return Export(found, [name for name in names if not wanted(name) and _is_visible(name)])
    if zipfile.is_zipfile(path):
        return _unzip(path, folder, wanted)
    return Export([ExportFile(path, path)], [])


def names_in(path: Path) -> list[str]:
    """Return the paths of an export's files below it; none of a file that is no archive."""
    if path.is_dir():
        return [its.relative_to(path).as_posix() for its in path.rglob("*") if its.is_file()]
    if not path.is_file() or not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def _unzip(path: Path, folder: Path, wanted: Callable[[str], bool]) -> Export:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [its for its in archive.infolist() if not its.is_dir()]
            members = [its for its in members if _is_visible(its.filename)]
            files = list(_unpacked(archive, path, folder, members, wanted))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UnreadableTable(path, f"the archive is damaged ({error})") from error
    return Export(files, [its.filename for its in members if not wanted(its.filename)])


def _unpacked(
    archive: zipfile.ZipFile,
    path: Path,
    folder: Path,
    members: list[zipfile.ZipInfo],
    wanted: Callable[[str], bool],
) -> Iterator[ExportFile]:
    """Write members under numbers: a name in an archive is never a path here."""
    folder.mkdir()
    for number, member in enumerate(members):
        if not wanted(member.filename):
            continue
        if member.flag_bits & 1:
            raise UnreadableTable(path, "the archive has a password: unpack it")
        if member.file_size > _LARGEST_MEMBER:
            raise UnreadableTable(path, f"{member.filename} unpacks to more than 8 GB")
        target = folder / f"{number}{Path(member.filename).suffix}"
        with archive.open(member) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
        yield ExportFile(target, path / member.filename)


def _is_visible(name: str) -> bool:
    return not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
