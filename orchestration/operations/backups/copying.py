"""Copies of files with their hash, flushed to the disk (fsync)."""

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from lake.atomic import flush

_CHUNK = 2**20
_SQLITE = b"SQLite format 3\0"


def copy_file(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file with its mode and times; return the bytes and the SHA-256 of what was copied."""
    target.parent.mkdir(parents=True, exist_ok=True)
    sha, size = hashlib.sha256(), 0
    with source.open("rb") as file, target.open("wb") as copy:
        while chunk := file.read(_CHUNK):
            sha.update(chunk)
            copy.write(chunk)
            size += len(chunk)
    shutil.copystat(source, target)
    flush(target)
    return size, sha.hexdigest()


def is_sqlite(path: Path) -> bool:
    """Whether a file is an SQLite database, which other processes may be writing."""
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def copied_database(source: Path, target: Path) -> tuple[int, str]:
    """Copy an SQLite database as of one instant, even while others write to it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=60)) as given,
        closing(sqlite3.connect(target)) as copy,
    ):
        given.backup(copy)
    shutil.copystat(source, target)
    flush(target)
    return target.stat().st_size, hash_of(target)


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush_all(folder: Path) -> None:
    """Wait for the names in every folder of a tree."""
    for path, _, _ in os.walk(folder):
        flush(Path(path))
