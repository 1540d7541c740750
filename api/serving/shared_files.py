"""Files shared by several processes: change detection and sums."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 2**20

FileState = tuple[int, int, int]


def state_of(path: Path) -> FileState | None:
    """Return inode, time and size, which a replaced file has others of; none: no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def checksum(path: Path) -> tuple[int, int]:
    """Return the size and the CRC-32 of a file: a gigabyte takes a second."""
    size = sum_ = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            size, sum_ = size + len(chunk), zlib.crc32(chunk, sum_)
    return size, sum_
