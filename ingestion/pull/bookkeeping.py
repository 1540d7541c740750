"""Damaged files of dlt's own: its small files in the lake, and its package on this disk."""

import json
import re
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from lake.loads import DATASET

_VERSION = re.compile(r"\d+\.\d+\.\d+")
COMPLETED = "package_completed.json"
"""A single word, despite its name."""
VERSIONS = "_dlt_version/*.jsonl"


def repair(lake_url: str) -> None:
    """Rewrite or remove damaged small files, at which dlt would stop without naming them.

    Those in `_dlt_loads` may be damaged: a load is committed by the file's name.
    """
    from dlt.destinations.impl.filesystem.filesystem import CURRENT_VERSION, INIT_FILE_NAME

    storage, root = fsspec.core.url_to_fs(lake_url)
    storage.invalidate_cache()
    init = f"{root}/{DATASET}/{INIT_FILE_NAME}"
    if storage.exists(init) and not _is_whole(storage.cat_file(init)):
        layout = {"initial_version": CURRENT_VERSION, "current_version": CURRENT_VERSION}
        storage.pipe_file(init, json.dumps(layout).encode())
    for path in storage.glob(f"{root}/{DATASET}/{VERSIONS}"):
        if not _is_whole(storage.cat_file(path)):
            storage.rm_file(path)


def is_package_whole(working_dir: Path) -> bool:
    """Whether each file of a pending package can be read; dlt would retry it forever."""
    done = working_dir / "load" / "loaded"
    files = [
        path
        for path in working_dir.rglob("*")
        if path.is_file() and path.name != COMPLETED and not path.is_relative_to(done)
    ]
    return all(map(_can_be_read, files))


def _can_be_read(path: Path) -> bool:
    try:
        if path.suffix == ".parquet":
            pq.ParquetFile(path).close()
        elif path.suffix == ".json":
            json.loads(path.read_bytes())
        elif path.name == ".version":
            return _VERSION.fullmatch(path.read_text().strip()) is not None
    except (ValueError, pa.ArrowException):
        return False
    return True


def _is_whole(content: bytes) -> bool:
    try:
        lines = [json.loads(line) for line in content.splitlines()]
    except ValueError:  # UTF-8 too
        return False
    return bool(lines) and all(isinstance(line, dict) for line in lines)
