"""Atomic writes of models to the lake: rows of `ops/`, files of `ml/`."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from lake import atomic, files, log
from lake.errors import DamagedFile
from lake.schemas import OPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

_FOLDERS = re.compile(r"/model_version=(\d+)/run_id=([^/]+)/batch\.parquet$")


def append(lake_url: str, table: str, rows: list[dict[str, Any]], day: date) -> None:
    """Write some rows of `ops/<table>`; they are there whole, or not at all.

    Args:
        lake_url: The lake.
        table: The table's name.
        rows: The rows; missing columns are null.
        day: The day of the folder.

    """
    log.append(lake_url, table, pa.Table.from_pylist(rows, OPS[table]), day)


def change_hash(lake_url: str, was: str, becomes: str) -> None:
    """Update the hash of a version in `ops/models` after its arrays were rewritten.

    Footers that compaction wrote stay as they are.

    Args:
        lake_url: The lake.
        was: The hash of the former arrays.
        becomes: The hash of the rewritten arrays.

    """
    storage, root = fsspec.core.url_to_fs(lake_url)
    storage.invalidate_cache()
    for path in sorted(storage.glob(f"{root}/ops/models/*/*.parquet")):
        with storage.open(path, "rb") as file:
            stored = pq.ParquetFile(file)
            rows, metadata = stored.read(), stored.metadata.metadata or {}
        hashes = rows["model_hash"].to_pylist()
        if was not in hashes:
            continue
        changed = pa.array([becomes if one == was else one for one in hashes], pa.string())
        at = rows.schema.get_field_index("model_hash")
        kept = {key: value for key, value in metadata.items() if key.startswith(b"moovitamix.")}
        rows = rows.set_column(at, "model_hash", changed).replace_schema_metadata(kept)
        files.put_table(storage, path, rows)


def read(lake_url: str, table: str, since: date | None = None) -> list[dict[str, Any]]:
    """Return the rows of `ops/<table>`, all or those of the days from `since` on.

    Args:
        lake_url: The lake.
        table: The table's name.
        since: The first day to read; None: all days.

    """
    first = f"day={since:%Y-%m-%d}" if since else ""
    days = [day for day in log.days(lake_url, table) if files.name_of(day) >= first]
    return log.read(lake_url, table, days[::-1])


def write_batch(
    lake_url: str, table: str, folder: str, schema: pa.Schema, parts: Iterator[pa.Table]
) -> int:
    """Write `ml/<table>/<folder>/batch.parquet` part by part; return its rows.

    On a disk it appears by rename once it is whole; elsewhere it is uploaded whole.

    Args:
        lake_url: The lake.
        table: The table's name.
        folder: The folder below the table, with its partitions.
        schema: The columns.
        parts: The rows, a part at a time.

    """
    rows = 0
    with new_batch(lake_url, table, folder, schema) as add:
        for part in parts:
            add(part)
            rows += len(part)
    return rows


@contextmanager
def new_batch(
    lake_url: str, table: str, folder: str, schema: pa.Schema
) -> Iterator[Callable[[pa.Table], None]]:
    """Yield what adds rows to `ml/<table>/<folder>/batch.parquet`, which is there once this ends.

    Args:
        lake_url: Where the lake is.
        table: Its name.
        folder: `model_version=…/run_id=…`.
        schema: Of the rows.

    Yields:
        What takes the rows, a part at a time.

    """
    storage, root = fsspec.core.url_to_fs(lake_url)
    path = f"{root}/ml/{table}/{folder}/batch.parquet"
    if isinstance(storage, LocalFileSystem):
        with (
            atomic.draft_of(Path(path)) as draft,
            pq.ParquetWriter(draft, schema, compression="zstd") as writer,
        ):
            yield writer.write_table
        return
    whole = BytesIO()
    with pq.ParquetWriter(whole, schema, compression="zstd") as writer:
        yield writer.write_table
    storage.pipe_file(path, whole.getvalue())


def newest_batch(lake_url: str, table: str, version: int) -> BatchFile | None:
    """Return the newest batch of a version; None without one.

    Args:
        lake_url: The lake.
        table: The table's name.
        version: The version of the model.

    """
    found = (file for file in batch_files(lake_url, table) if file.model_version == version)
    return next(found, None)


@dataclass(frozen=True, slots=True)
class BatchFile:
    """The file of one batch, and what its path says."""

    lake_url: str
    path: str
    model_version: int
    run_id: str

    def first(self, column: str) -> datetime | None:
        """Return an instant that is the same in all rows; None for a batch without rows."""
        with self._opened() as file:
            if not file.metadata.num_rows:
                return None
            instant: datetime = next(file.iter_batches(1, columns=[column]))[0][0].as_py()
        return instant

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        storage, _ = fsspec.core.url_to_fs(self.lake_url)
        try:
            with storage.open(self.path, "rb") as file:
                yield pq.ParquetFile(file)
        except (pa.ArrowException, OSError) as error:
            raise DamagedFile(self.path, str(error).splitlines()[0]) from error


def batch_files(lake_url: str, table: str) -> list[BatchFile]:
    """Return the batches of a table, the newest run first."""
    storage, root = fsspec.core.url_to_fs(lake_url)
    storage.invalidate_cache()
    found = []
    for path in storage.glob(f"{root}/ml/{table}/model_version=*/run_id=*/batch.parquet"):
        folders = _FOLDERS.search(path)
        assert folders is not None, path
        found.append(BatchFile(lake_url, path, int(folders[1]), folders[2]))
    return sorted(found, key=lambda one: (one.run_id, one.model_version), reverse=True)
