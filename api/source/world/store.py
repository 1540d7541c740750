"""The world's files, each written whole even if the process is killed.

Under `data/source/`: `world.json`; `blocks/` what happened, in the API's own fields; `model/` why
(tastes, factors, popularity), to measure a recommender against it.
"""

from __future__ import annotations

import fcntl
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from lake import atomic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def replace_with(path: Path) -> Iterator[Path]:
    """Give a temporary name to write a file or folder to; rename it to `path` when that is done.

    The temporary name is always the same: what a killed writer left is overwritten by the next.
    """
    temporary = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    if temporary.is_dir():
        shutil.rmtree(temporary)
    yield temporary
    atomic.rename(temporary, path)


@contextmanager
def only_maker(folder: Path) -> Iterator[None]:
    """Wait until no other process makes something in this folder (a killed one lets go)."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".making.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True, slots=True)
class Store:
    """The paths of each block's tables."""

    folder: Path

    def block(self, table: str, block: int) -> Path:
        """Path of what happened to one table in one block."""
        return self.folder / "blocks" / f"{table}-{block:04d}.parquet"

    def model(self, table: str, block: int) -> Path:
        """Path of the model's side of who and what arrived in one block."""
        return self.folder / "model" / f"{table}-{block:04d}.parquet"


def write_table(table: pa.Table, path: Path) -> None:
    """Write Parquet, whole or not at all."""
    with replace_with(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_tables(paths: list[Path], columns: list[str] | None = None) -> pa.Table:
    """Read several blocks of one table, in their order."""
    return pa.concat_tables([pq.read_table(path, columns=columns) for path in paths])
