"""Compacted files of the lake: their footers, and which files they replace.

A compacted file replaces others in its folder and lists them in its footer. So the one rename that
adds it also removes those others from what readers read: no reader sees a row twice or misses one,
even while the replaced files still exist.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Any, TypeVar
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from lake import atomic
from lake.errors import DamagedFile

COMPACTED = "compacted."
_REPLACES, _LOADS, _REMOVED = b"moovitamix.replaces", b"moovitamix.loads", b"moovitamix.removed"
# A reader without the lock may list a file in the moment before it goes, and then lists again.
LISTINGS = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Footer:
    """The footer of a compacted file; there every list is lines of text."""

    replaces: frozenset[str] = frozenset()
    """Names of files in its folder that count no longer, those that these replaced included."""
    loads: frozenset[str] = frozenset()
    """Loads of which it has rows, or had."""
    removed: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Records taken out, by load and reason."""

    def lines(self) -> dict[bytes, bytes]:
        """The footer as Parquet keeps it."""
        removed = [f"{load} {why} {count}" for (load, why), count in sorted(self.removed.items())]
        return {
            _REPLACES: "\n".join(sorted(self.replaces)).encode(),
            _LOADS: "\n".join(sorted(self.loads)).encode(),
            _REMOVED: "\n".join(removed).encode(),
        }


def name_of(path: str) -> str:
    """A file's name, or a folder's, without what is before it."""
    return path.rsplit("/", 1)[-1]


def is_compacted(path: str) -> bool:
    """Whether a file has a footer of ours."""
    return name_of(path).startswith(COMPACTED)


def load_of(path: str) -> str:
    """The load whose records a file as dlt wrote it holds: `<load id>.<file id>.parquet`."""
    return name_of(path).rsplit(".", 2)[0]


def compacted_path(folder: str) -> str:
    """A new name for a compacted file."""
    return f"{folder}/{COMPACTED}{uuid4().hex}.parquet"


def footer(storage: Any, path: str) -> Footer:  # noqa: ANN401 - fsspec has no types
    """The footer of a compacted file; an empty one for other files."""
    if not is_compacted(path):
        return Footer()
    with reading(path), storage.open(path, "rb") as file:
        metadata = pq.ParquetFile(file).metadata.metadata or {}
    replaces, loads, removed = (
        metadata.get(key, b"").decode().splitlines() for key in (_REPLACES, _LOADS, _REMOVED)
    )
    counts = Counter[tuple[str, str]]()
    for load_id, why, count in (line.split(" ") for line in removed):
        counts[load_id, why] += int(count)
    return Footer(frozenset(replaces), frozenset(loads), counts)


def maximum(storage: Any, path: str, column: str) -> int:  # noqa: ANN401
    """The highest number of a column, by the statistics of a file.

    Args:
        storage: The fsspec file system of the file.
        path: The file.
        column: A column of numbers without nulls.

    Returns:
        The number; 0 if the file has no rows.
    """
    with reading(path), storage.open(path, "rb") as file:
        metadata = pq.ParquetFile(file).metadata
    place = metadata.schema.to_arrow_schema().get_field_index(column)
    groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
    return max(
        (group.column(place).statistics.max for group in groups if group.num_rows), default=0
    )


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Turn errors of reading a file into `DamagedFile`, with its path."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise DamagedFile(path, str(error).splitlines()[0]) from error


def list_files(storage: Any, folder: str) -> list[str]:  # noqa: ANN401
    """Every Parquet file of a folder, sorted."""
    storage.invalidate_cache()
    return sorted(str(path) for path in storage.glob(f"{folder}/*.parquet"))


def current(storage: Any, folder: str) -> list[str]:  # noqa: ANN401
    """The files of a folder that no compacted one has replaced."""
    return _settled(lambda: _current(storage, folder))


def all_of(storage: Any, folder: str, read: Callable[[IO[bytes]], list[T]]) -> list[T]:  # noqa: ANN401
    """Read the rows of all current files of a folder.

    Args:
        storage: The file system (fsspec).
        folder: The folder.
        read: Reads the rows of one open file.

    """

    def found() -> list[T]:
        rows: list[T] = []
        for path in _current(storage, folder):
            with reading(path), storage.open(path, "rb") as file:
                rows += read(file)
        return rows

    return _settled(found)


def _current(storage: Any, folder: str) -> list[str]:  # noqa: ANN401
    found = list_files(storage, folder)
    replaced = {name for path in found for name in footer(storage, path).replaces}
    return [path for path in found if name_of(path) not in replaced]


def _settled(look: Callable[[], T]) -> T:
    """Repeat a listing while files disappear during it."""
    for _ in range(LISTINGS):
        try:
            return look()
        except FileNotFoundError:
            continue
    return look()


def folders(storage: Any, root: str, partition: str) -> list[str]:  # noqa: ANN401
    """The folders of a table, the oldest first.

    Args:
        storage: The file system (fsspec).
        root: The table's folder.
        partition: The name of the partition, such as `day`.

    """
    storage.invalidate_cache()
    return sorted(str(folder) for folder in storage.glob(f"{root}/{partition}=*"))


@contextmanager
def written(storage: Any, path: str) -> Iterator[IO[bytes]]:  # noqa: ANN401
    """Write a file atomically: readers see the whole new file, or what was there before.

    On a disk by rename, after it has reached the disk; on object storage by the end of its upload.
    """
    if not isinstance(storage, LocalFileSystem):
        with storage.open(path, "wb") as file:
            yield file
        return
    with atomic.draft_of(Path(path)) as draft, draft.open("wb") as file:
        yield file


def put_table(storage: Any, path: str, rows: pa.Table) -> None:  # noqa: ANN401
    """Write some rows as one file: by rename on a disk, by one put on object storage.

    Args:
        storage: The file system (fsspec).
        path: The file.
        rows: The rows.

    """
    whole = BytesIO()
    pq.write_table(rows, whole, compression="zstd")
    if isinstance(storage, LocalFileSystem):
        atomic.replace_file(Path(path), whole.getvalue())
    else:
        storage.pipe_file(path, whole.getvalue())


def remove(storage: Any, paths: Iterable[str]) -> None:  # noqa: ANN401
    """Remove files, those that are there."""
    for path in paths:
        try:
            storage.rm_file(path)
        except FileNotFoundError:
            continue


def sweep(storage: Any, folder: str, paths: Sequence[str]) -> None:  # noqa: ANN401
    """Remove of a folder drafts of a crash, and files that count no longer; `paths` do.

    Args:
        storage: The file system (fsspec).
        folder: The folder.
        paths: The files that count.

    """
    remove(storage, sorted({*list_files(storage, folder)}.difference(paths)))
    if isinstance(storage, LocalFileSystem):
        for draft in Path(folder).glob(".*.parquet.*.tmp"):
            draft.unlink(missing_ok=True)
