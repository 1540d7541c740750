"""The folder of backups, which are numbered, listed, locked and removed here."""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lake import atomic
from lake.paths import absolute
from orchestration.operations.backups.errors import (
    BackupDamaged,
    BackupsInside,
    NoBackup,
    PlaceUnusable,
)
from orchestration.operations.backups.inventory import Manifest, read
from orchestration.run.settings import Settings

# By its number, for a clock that was ahead once must not make one the newest for ever.
_NAME = re.compile(r"(\d{6,})-.+")
DRAFT, GONE = ".draft-", ".gone-"


def place_of(settings: Settings, given: Path | None) -> Path:
    """Return the folder of backups; raise `BackupsInside` if they would be lost with the data.

    Raises `PlaceUnusable` where the path is none.
    """
    asked = given or settings.backup_dir or default_place(settings.data_dir)
    try:
        place = absolute(asked)
    except ValueError as error:
        raise PlaceUnusable(asked, str(error)) from error
    if place.is_relative_to(settings.data_dir) or settings.data_dir.is_relative_to(place):
        raise BackupsInside(place, settings.data_dir)
    return place


def default_place(data_dir: Path) -> Path:
    """Return the folder beside the data folder: `data.backups`."""
    return data_dir.with_name(f"{data_dir.name}.backups")


@contextmanager
def locked(place: Path) -> Iterator[None]:
    """Lock a place against other backups; a read-only place needs no lock."""
    try:
        descriptor = os.open(place / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError:
        yield
        return
    except OSError:
        if os.access(place, os.W_OK):
            raise
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def backups_in(place: Path) -> list[Path]:
    """Return the whole backups of a place, the oldest first."""
    with suppress(FileNotFoundError, NotADirectoryError):
        found = [(int(match[1]), path) for path in place.iterdir() if (match := _match(path))]
        return [path for _, path in sorted(found)]
    return []


def next_name(place: Path, run_id: str) -> str:
    """Return the name of the next backup of a place."""
    found = backups_in(place)
    last = int(match[1]) if found and (match := _match(found[-1])) else 0
    return f"{last + 1:06d}-{run_id}"


def chosen(place: Path) -> tuple[Path, Manifest]:
    """Return the backup that a path is, or the newest of the place that it is, and what it says."""
    if _match(place) and place.is_dir():
        return place, read(place)
    found = backups_in(place)
    if not found:
        raise NoBackup(place)
    return found[-1], read(found[-1])


def remove(backup: Path) -> None:
    """Remove a backup: by the rename it is none, whatever happens after it."""
    gone = backup.with_name(f"{GONE}{backup.name}")
    atomic.rename(backup, gone)
    shutil.rmtree(gone)


def sweep(place: Path) -> None:
    """Remove what killed backups and removals left."""
    for pattern in (f"{DRAFT}*", f"{GONE}*"):
        for left in place.glob(pattern):
            shutil.rmtree(left)


def beyond(place: Path, keep: int, data_dir: Path) -> list[Path]:
    """Return a data folder's backups except the newest `keep`; those of others don't count.

    Args:
        place: The backup folder.
        keep: How many backups are kept.
        data_dir: The data folder whose backups are meant.

    """
    own = []
    for backup in backups_in(place):
        with suppress(BackupDamaged):  # its owner is unknown: a person decides
            own += [backup] if read(backup).data_dir == str(data_dir) else []
    return own[:-keep] if keep else []


def _match(path: Path) -> re.Match[str] | None:
    return _NAME.fullmatch(path.name)
