"""Records rendered to JSON text once, in the order of the responses.

A page is then a few slices of bytes: no record is parsed, built or rendered again to be served.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Ints = npt.NDArray[np.int64]

NEVER = int(np.iinfo(np.int64).min)
"""Stands for a null `updated_at`: such a record comes before all others."""

ROWS = pa.schema({"line": pa.string(), "updated_at": pa.int64(), "id": pa.int64()})
"""A rendered record: its JSON text and a comma, and the keys it is in order by.

`updated_at` counts microseconds since 1970; `id`, of a session, is its user's.
"""


class Rows(Protocol):
    """Rendered records, by (`updated_at`, id)."""

    @property
    def updated_at(self) -> Ints:
        """Instant of each record."""

    @property
    def ids(self) -> Ints:
        """Id of each record."""

    def read(self, start: int, stop: int) -> bytes:
        """JSON text of a range of records that is not empty, joined by commas."""


@dataclass(frozen=True, slots=True)
class FileRows:
    """Rows in a folder: the text in one file, where each begins and its keys in others.

    The arrays are mapped and the text is read page by page, so that memory doesn't grow with them.
    """

    file: int
    offsets: Ints
    updated_at: Ints
    ids: Ints

    @classmethod
    def open(cls, folder: Path) -> FileRows:
        """Open what `write_rows` wrote."""
        return cls(
            os.open(folder / "rows.json", os.O_RDONLY),
            _mapped(folder / "offsets.i8"),
            _mapped(folder / "updated_at.i8"),
            _mapped(folder / "ids.i8"),
        )

    def read(self, start: int, stop: int) -> bytes:
        """JSON text of a range of records that is not empty, joined by commas."""
        begin, end = int(self.offsets[start]), int(self.offsets[stop])
        return os.pread(self.file, end - begin - 1, begin)


@dataclass(frozen=True, slots=True)
class HeldRows:
    """A few rows, in memory."""

    lines: list[bytes]
    updated_at: Ints
    ids: Ints

    @classmethod
    def of(cls, batches: Iterable[pa.RecordBatch]) -> HeldRows:
        """Take rows as `write_rows` does."""
        table = pa.Table.from_batches(batches, ROWS)
        lines = [line.encode() for line in table["line"].to_pylist()]
        return cls(lines, table["updated_at"].to_numpy(), table["id"].to_numpy())

    def read(self, start: int, stop: int) -> bytes:
        """JSON text of a range of records that is not empty, joined by commas."""
        return b"".join(self.lines[start:stop])[:-1]


def write_rows(batches: Iterable[pa.RecordBatch], folder: Path) -> None:
    """Write rows (as `ROWS`, in order) to a new folder, one batch in memory at a time."""
    folder.mkdir()
    with ExitStack() as files:
        text, offsets, updated_at, ids = (
            files.enter_context((folder / name).open("wb"))
            for name in ("rows.json", "offsets.i8", "updated_at.i8", "ids.i8")
        )
        end = np.zeros(1, np.int64)
        offsets.write(end.tobytes())
        for batch in batches:
            _, begins, characters = batch["line"].buffers()
            first = batch["line"].offset
            ends = np.frombuffer(begins, np.int32)[first : first + len(batch) + 1].astype(np.int64)
            text.write(memoryview(characters)[ends[0] : ends[-1]])
            offsets.write((ends[1:] - ends[0] + end).tobytes())
            end += ends[-1] - ends[0]
            updated_at.write(batch["updated_at"].to_numpy().tobytes())
            ids.write(batch["id"].to_numpy().tobytes())


def _mapped(path: Path) -> Ints:
    if not path.stat().st_size:  # nothing can't be mapped
        return np.empty(0, np.int64)
    return np.memmap(path, np.int64, mode="r").view(np.ndarray)
