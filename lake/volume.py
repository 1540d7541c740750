"""How much the lake keeps of each table, told by its listing and the ends of its files."""

from collections import defaultdict
from typing import Any

import fsspec

from lake.loads import DATASET, SOURCE


def volumes(lake_url: str) -> list[dict[str, Any]]:
    """Files and bytes of each raw table and of all of `ops`, and the rows of committed loads.

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
            "files": len(files),
            "bytes": sum(files.values()),
            "rows": None
            if table == "ops"
            else _rows(storage, [path for path in files if _load_id(path) in committed]),
        }
        for table, files in sorted(sizes.items())
    ]


def _committed(storage: fsspec.AbstractFileSystem, root: str) -> set[str]:
    notes = storage.glob(f"{root}/{DATASET}/_dlt_loads/{SOURCE}__*.jsonl")
    return {note.rsplit("__", 1)[1].removesuffix(".jsonl") for note in notes}


def _load_id(path: str) -> str:
    return ".".join(path.rsplit("/", 1)[-1].split(".")[:2])


def _rows(storage: fsspec.AbstractFileSystem, files: list[str]) -> int:
    if not files:
        return 0
    import duckdb

    with duckdb.connect() as counting:
        if "local" not in storage.protocol and "file" not in storage.protocol:
            counting.register_filesystem(storage)
            files = [storage.unstrip_protocol(path) for path in files]
        counted = counting.execute("select count(*) from read_parquet(?)", [files]).fetchall()
    return int(counted[0][0])
