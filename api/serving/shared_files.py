"""Small files that several processes share: replaced whole, and watched."""

from __future__ import annotations

import os
import secrets
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 2**20

Sight = tuple[int, int, int]


def look(path: Path) -> Sight | None:
    """What tells one file from the one that replaces it (inode, time, size); none: no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def summed(path: Path) -> tuple[int, int]:
    """Return the size and the CRC-32 of a file: a gigabyte takes a second."""
    size = sum_ = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            size, sum_ = size + len(chunk), zlib.crc32(chunk, sum_)
    return size, sum_


def replace(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put `content` at `path` by rename, with its permissions from the first instant."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
