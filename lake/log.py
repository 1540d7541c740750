"""What runs did, as Parquet rows beside the data: one file per append, whole or not at all."""

from collections.abc import Sequence
from datetime import date
from typing import IO, Any
from uuid import uuid4

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from lake import files
from lake.schemas import TIMESTAMP, from_rows


def _schema(texts: str, numbers: str = "", instants: str = "", shares: str = "") -> pa.Schema:
    typed = (
        (texts, pa.string()),
        (numbers, pa.int64()),
        (shares, pa.float64()),
        (instants, TIMESTAMP),
    )
    return pa.schema([(name, kind) for names, kind in typed for name in names.split()])


SCHEMAS = {
    "load_verdicts": _schema(
        "load_id verdict reason kind run_id",
        instants="as_of updated_since updated_until decided_at",
    ),
    "pulls": _schema(
        "run_id load_id table_name outcome error kind",
        numbers="announced received rejected forgotten pages bytes requests retries",
        shares="response_ms_p50 response_ms_p95 response_ms_p99",
        instants="as_of updated_since updated_until started_at finished_at",
    ),
    "quality_results": _schema(
        "run_id load_id table_name expectation column_name rule severity outcome observed",
        numbers="evaluated unexpected",
        instants="as_of checked_at",
    ),
    "column_nulls": _schema(
        "run_id load_id place table_name column_name",
        numbers="rows nulls blanks commonest",
        instants="measured_at",
    ),
    "api_health": _schema(
        "run_id api_url outcome error",
        numbers="status",
        shares="response_ms",
        instants="api_clock checked_at",
    ),
    "api_calls": _schema(
        "run_id endpoint outcome error",
        numbers="status bytes",
        shares="response_ms",
        instants="called_at",
    ),
    "alerts": _schema(
        "run_id command step kind reason severity runbook channel outcome error",
        instants="sent_at",
    ),
    "forgotten": _schema("hash kind key_id event reason run_id", instants="at"),
    "backups": _schema("run_id path event", numbers="files bytes", instants="at"),
    "table_volume": _schema(
        "run_id place table_name",
        numbers="rows bytes files",
        instants="as_of measured_at",
    ),
    "table_freshness": _schema(
        "run_id place table_name status",
        shares="age_hours warn_after_hours error_after_hours",
        instants="newest_at as_of measured_at",
    ),
    "quarantined_records": _schema(
        "run_id load_id place table_name reason",
        numbers="records",
        instants="as_of measured_at",
    ),
    "dbt_results": _schema(
        "run_id invocation_id command node_id node_name resource_type status message",
        numbers="failures",
        shares="seconds",
        instants="finished_at",
    ),
    "accepted_days": _schema("day_accepted reason accepted_by_run", instants="decided_at"),
    "schema_changes": _schema(
        "run_id load_id table_name column_name change was is_now", instants="seen_at"
    ),
}


def append(
    lake_url: str,
    table: str,
    rows: pa.Table | Sequence[dict[str, Any]],
    day: date,
    name: str | None = None,
) -> None:
    """Write `rows` to `ops/<table>/day=<day>/<name>.parquet`; the same name again replaces them.

    Rows given as dicts take the schema declared here. On a disk the file
    appears by rename, on object storage by one put: a reader sees all of it or nothing.
    """
    if not isinstance(rows, pa.Table):
        rows = from_rows(rows, SCHEMAS[table])
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
    """The rows of an ops table, of some of its `days` or of all."""
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
