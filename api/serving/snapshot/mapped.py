"""Files of numbers and of texts, mapped into memory: workers share the pages."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def numbers(path: Path, kind: str) -> memoryview[Any]:
    """Map a file of numbers of one kind, as `struct` names it."""
    return memoryview(content(path)).cast(kind)  # type: ignore[call-overload,no-any-return]


def content(path: Path) -> mmap.mmap | bytes:
    """Map a file."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return b""  # what is empty can't be mapped
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


class Texts:
    """Texts that lie behind one another in one file, with a file of where each begins."""

    def __init__(self, folder: Path, name: str) -> None:
        self.content = content(folder / f"{name}.text")
        self.starts = numbers(folder / f"{name}.starts", "q")

    def __getitem__(self, place: int) -> bytes:
        return self.content[self.starts[place] : self.starts[place + 1]]
