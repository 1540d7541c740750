"""dlt's own small files in the lake, which can be made again."""

import json

import fsspec

from lake.loads import DATASET

VERSIONS = "_dlt_version/*.jsonl"


def mend(lake_url: str) -> None:
    """Write again, or remove, those that can't be read: dlt would stop at them, and name none.

    A load is committed by the file of its name in `_dlt_loads`, whatever that holds.
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


def _is_whole(content: bytes) -> bool:
    try:
        lines = [json.loads(line) for line in content.splitlines()]
    except ValueError:  # UTF-8 too
        return False
    return bool(lines) and all(isinstance(line, dict) for line in lines)
