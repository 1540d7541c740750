"""What models write to the lake: rows of `ops/`, files of `ml/`; each is whole or not there."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from lake import atomic, files
from lake.errors import DamagedFile
from lake.schemas import OPS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime


def append(lake_url: str, table: str, rows: list[dict[str, Any]], day: date) -> None:
    """Write some rows of `ops/<table>`; they are there whole, or not at all."""
    storage, root = fsspec.core.url_to_fs(lake_url)
    path = f"{root}/ops/{table}/day={day:%Y-%m-%d}/{uuid4().hex}.parquet"
    files.put_table(storage, path, pa.Table.from_pylist(rows, OPS[table]))


def change_hash(lake_url: str, was: str, becomes: str) -> None:
    """Let `ops/models` tell of a version whose arrays were written anew, on a disk or elsewhere.

    What compaction says of its own files in their footers stays as it is.
    """
    storage, root = fsspec.core.url_to_fs(lake_url)
    storage.invalidate_cache()
    for path in sorted(storage.glob(f"{root}/ops/models/*/*.parquet")):
        with storage.open(path, "rb") as file:
            stored = pq.ParquetFile(file)
            rows, told = stored.read(), stored.metadata.metadata or {}
        hashes = rows["model_hash"].to_pylist()
        if was not in hashes:
            continue
        changed = pa.array([becomes if one == was else one for one in hashes], pa.string())
        at = rows.schema.get_field_index("model_hash")
        notes = {key: note for key, note in told.items() if key.startswith(b"moovitamix.")}
        rows = rows.set_column(at, "model_hash", changed).replace_schema_metadata(notes)
        files.put_table(storage, path, rows)


def read(lake_url: str, table: str, since: date | None = None) -> list[dict[str, Any]]:
    """Return the rows of `ops/<table>`, all or those of the days from `since` on."""
    storage, root = fsspec.core.url_to_fs(lake_url)
    storage.invalidate_cache()
    rows: list[dict[str, Any]] = []
    for path in sorted(storage.glob(f"{root}/ops/{table}/day=*/*.parquet")):
        if since and path.rsplit("/", 2)[1] < f"day={since:%Y-%m-%d}":
            continue
        rows += _read(storage, path).to_pylist()
    return rows


def write_batch(
    lake_url: str, table: str, folder: str, schema: pa.Schema, parts: Iterator[pa.Table]
) -> int:
    """Write `ml/<table>/<folder>/batch.parquet` part by part; return its rows.

    On a disk it appears by rename once it is whole; elsewhere it is uploaded whole.
    """
    storage, root = fsspec.core.url_to_fs(lake_url)
    path = f"{root}/ml/{table}/{folder}/batch.parquet"
    if isinstance(storage, LocalFileSystem):
        with atomic.draft_of(Path(path)) as draft, draft.open("wb") as file:
            return _write(file, schema, parts)
    whole = BytesIO()
    rows = _write(whole, schema, parts)
    storage.pipe_file(path, whole.getvalue())
    return rows


def newest_batch(lake_url: str, table: str, version: int) -> datetime | None:
    """Return up to when the data goes that a version's newest batch was made of; None: no batch."""
    storage, root = fsspec.core.url_to_fs(lake_url)
    storage.invalidate_cache()
    batches = storage.glob(f"{root}/ml/{table}/model_version={version}/run_id=*/batch.parquet")
    if not batches:
        return None
    column = _read(storage, max(batches), ["data_as_of"])["data_as_of"]
    data_as_of: datetime | None = column[0].as_py() if len(column) else None
    return data_as_of


def _read(storage: Any, path: str, columns: list[str] | None = None) -> pa.Table:  # noqa: ANN401
    try:
        with storage.open(path, "rb") as file:
            return pq.ParquetFile(file).read(columns)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise DamagedFile(path, str(error).splitlines()[0]) from error


def _write(file: Any, schema: pa.Schema, parts: Iterator[pa.Table]) -> int:  # noqa: ANN401
    rows = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for part in parts:
            writer.write_table(part)
            rows += len(part)
    return rows
