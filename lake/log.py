"""The log of runs in `ops/`: Parquet rows, one file per append, written atomically."""

from collections.abc import Sequence
from datetime import date
from typing import IO, Any
from uuid import uuid4

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from lake import files
from lake.schemas import OPS, from_rows


def append(
    lake_url: str,
    table: str,
    rows: pa.Table | Sequence[dict[str, Any]],
    day: date,
    name: str | None = None,
) -> None:
    """Write `rows` to `ops/<table>/day=<day>/<name>.parquet`; the same name again replaces them.

    On a disk the file appears by rename, on object storage by one put: a reader sees all of it or
    nothing.

    Args:
        lake_url: The lake.
        table: The table's name.
        rows: The rows; dicts take the table's schema.
        day: The day of the folder.
        name: The file's name; None: a random one.

    """
    if not isinstance(rows, pa.Table):
        rows = from_rows(rows, OPS[table])
    storage, root = fsspec.core.url_to_fs(lake_url)
    path = f"{root}/ops/{table}/day={day:%Y-%m-%d}/{name or uuid4().hex}.parquet"
    files.put_table(storage, path, rows)


def days(lake_url: str, table: str) -> list[str]:
    """The folders of an ops table, the newest day first."""
    storage, root = fsspec.core.url_to_fs(lake_url)
    storage.invalidate_cache()
    try:
        folders = storage.ls(f"{root}/ops/{table}", detail=False)
    except FileNotFoundError:
        return []
    return sorted(
        (str(folder) for folder in folders if files.name_of(str(folder)).startswith("day=")),
        reverse=True,
    )


def read(lake_url: str, table: str, folders: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The rows of an ops table, of some of its `days` or of all.

    Args:
        lake_url: The lake.
        table: The table's name.
        folders: Folders of days; None: all.

    """
    storage, _ = fsspec.core.url_to_fs(lake_url)
    rows: list[dict[str, Any]] = []
    for folder in days(lake_url, table) if folders is None else folders:
        rows += files.all_of(storage, folder, _rows)
    return rows


def tables(lake_url: str) -> list[str]:
    """The ops tables that the lake has."""
    storage, root = fsspec.core.url_to_fs(lake_url)
    storage.invalidate_cache()
    return sorted(files.name_of(str(folder)) for folder in storage.glob(f"{root}/ops/*"))


def _rows(file: IO[bytes]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.ParquetFile(file).read().to_pylist()
    return rows
