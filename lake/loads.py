"""Loads of the lake: which dlt committed, their validation results, their files."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

import fsspec

from lake import files, log

DATASET = "raw"
SOURCE = "moovitamix"

Kind = Literal["initial", "incremental", "full"]


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """A row of `ops/load_verdicts`: only accepted loads are read, and move the cursor."""

    load_id: str
    verdict: Literal["accepted", "refused"]
    reason: str | None
    kind: Kind
    as_of: datetime
    updated_since: datetime | None
    updated_until: datetime
    decided_at: datetime
    run_id: str


def decide(lake_url: str, result: ValidationResult, by: str) -> None:
    """Write a result into the folder of the load's day; the latest `decided_at` counts.

    Args:
        lake_url: The lake.
        result: The row.
        by: Who decided; part of the file's name, so a repeated decision replaces its file.

    """
    name = f"{result.load_id}.{by}"
    log.append(lake_url, "load_verdicts", [asdict(result)], result.as_of.date(), name)


def validation_results(lake_url: str) -> list[ValidationResult]:
    """The latest result of each load, in the order of their `as_of`."""
    known = latest_by_load(log.read(lake_url, "load_verdicts"))
    return sorted(known.values(), key=lambda result: (result.as_of, result.load_id))


def cursor(lake_url: str, as_of: datetime) -> datetime | None:
    """Up to when the lake is complete, seen from `as_of`: the end of the windows that connect.

    A load that was refused after others had followed it leaves a gap, and the cursor stays before
    it. Windows that end after `as_of` are left out: a run by a clock of the future must not make
    those of the present skip what lies between. Results are stored by the day of their load; those
    read go back to the newest window that begins at the beginning, so a small file for each
    load since the last full pull.
    """
    rows: list[dict[str, Any]] = []
    windows: list[ValidationResult] = []
    for folder in log.days(lake_url, "load_verdicts"):
        rows += log.read(lake_url, "load_verdicts", [folder])
        windows = [
            one
            for one in latest_by_load(rows).values()
            if one.verdict == "accepted" and one.updated_until <= as_of
        ]
        if any(window.updated_since is None for window in windows):
            break
    return _connected(windows)


def _connected(windows: list[ValidationResult]) -> datetime | None:
    reached: datetime | None = None
    for window in sorted(windows, key=lambda window: window.updated_until):
        since = window.updated_since
        if since is None or (reached is not None and since <= reached):
            reached = window.updated_until
    return reached


def result_of(lake_url: str, load_id: str, day: date) -> ValidationResult | None:
    """The latest validation result of a load; None while it has none.

    Args:
        lake_url: The lake.
        load_id: The load.
        day: The day of the load's `as_of`, under which results are stored.

    """
    folders = [one for one in log.days(lake_url, "load_verdicts") if one.endswith(f"={day}")]
    return latest_by_load(log.read(lake_url, "load_verdicts", folders)).get(load_id)


def is_committed(lake_url: str, load_id: str) -> bool:
    """Whether dlt has written all files of the load: its row of `_dlt_loads` comes last."""
    storage, root = fsspec.core.url_to_fs(lake_url)
    return bool(storage.exists(f"{root}/{DATASET}/_dlt_loads/{SOURCE}__{load_id}.jsonl"))


def latest_by_load(rows: list[dict[str, Any]]) -> dict[str, ValidationResult]:
    """The latest validation result of each load, by load."""
    newest = sorted(rows, key=lambda row: row["decided_at"])
    return {row["load_id"]: ValidationResult(**row) for row in newest}


def files_of_loads(lake_url: str) -> Iterator[tuple[str, str, date, str]]:
    """Every raw file that holds records of a load: load id, table, load date, path in the lake.

    A compacted file holds those of several loads, and is named once for each.
    """
    storage, root = fsspec.core.url_to_fs(lake_url)
    for folder in sorted(storage.glob(f"{root}/{DATASET}/*/load_date=*")):
        _, table, partition = str(folder).rsplit("/", 2)
        day = date.fromisoformat(partition.split("=")[1])
        for path in files.current(storage, str(folder)):
            loads = files.footer(storage, path).loads or {files.load_of(path)}
            for load_id in sorted(loads):
                yield load_id, table, day, path.removeprefix(f"{root}/")


def highest(lake_url: str, table: str, column: str) -> int:
    """The highest number in a column of a raw table, by the footers of its files.

    Args:
        lake_url: The lake.
        table: The raw table; only its accepted loads count.
        column: A column of numbers without nulls.

    Returns:
        The number; 0 if there are no rows.
    """
    accepted = {one.load_id for one in validation_results(lake_url) if one.verdict == "accepted"}
    storage, root = fsspec.core.url_to_fs(lake_url)
    found = 0
    for folder in files.folders(storage, f"{root}/{DATASET}/{table}", "load_date"):
        for path in files.current(storage, folder):
            if files.is_compacted(path) or files.load_of(path) in accepted:
                found = max(found, files.maximum(storage, path, column))
    return found


def volumes(lake_url: str) -> list[dict[str, Any]]:
    """Return files and bytes of each raw table and of all of `ops`, and rows of committed loads.

    A load that was killed may have left a torn file, so only those of loads that dlt committed are
    opened, and of them only the footers.
    """
    storage, root = fsspec.core.url_to_fs(lake_url)
    storage.invalidate_cache()
    sizes: dict[str, dict[str, int]] = defaultdict(dict)
    for path, about in storage.find(root, detail=True).items():
        layer, table, *_ = path.removeprefix(root).lstrip("/").split("/")
        if path.endswith(".parquet") and not path.rsplit("/", 1)[-1].startswith("."):
            sizes["ops" if layer == "ops" else table][path] = about["size"]
    committed = _committed(storage, root)
    return [
        {
            "table_name": table,
            "files": len(found),
            "bytes": sum(found.values()),
            "rows": None
            if table == "ops"
            else _rows(storage, [path for path in found if files.load_of(path) in committed]),
        }
        for table, found in sorted(sizes.items())
    ]


def _committed(storage: fsspec.AbstractFileSystem, root: str) -> set[str]:
    notes = storage.glob(f"{root}/{DATASET}/_dlt_loads/{SOURCE}__*.jsonl")
    return {note.rsplit("__", 1)[1].removesuffix(".jsonl") for note in notes}


def _rows(storage: fsspec.AbstractFileSystem, paths: list[str]) -> int:
    if not paths:
        return 0
    import duckdb

    with duckdb.connect() as counting:
        if "local" not in storage.protocol and "file" not in storage.protocol:
            counting.register_filesystem(storage)
            paths = [storage.unstrip_protocol(path) for path in paths]
        counted = counting.execute("select count(*) from read_parquet(?)", [paths]).fetchall()
    return int(counted[0][0])
