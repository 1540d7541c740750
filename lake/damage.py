"""Detection of the damaged file of the lake behind an error of DuckDB or dbt."""

import re

import fsspec

from lake.errors import DamagedFile

_NAMED = re.compile(r"[\"']([^\"'\n]+\.parquet)[\"']")
# Words of a reader that found other bytes than it expected, but not always in which file.
_SIGNS = re.compile(
    r"magic bytes|too small to be|zstd|thrift|decompress|corrupt|enough bytes|know what type",
    re.IGNORECASE,
)


def damaged_file(message: str, lake_url: str = "") -> DamagedFile | None:
    """Return what is wrong with the file that an error names; else, in the lake, with the first.

    Args:
        message: The error's message; most are about no damage, and then no file is looked at.
        lake_url: Where to look if it names no file; empty: nowhere.

    Returns:
        None where every file can be read, so that the error is about something else.
    """
    if not _SIGNS.search(message):
        return None
    return _first(_NAMED.findall(message)) or (_first(_all_of(lake_url)) if lake_url else None)


def _first(paths: list[str]) -> DamagedFile | None:
    for path in dict.fromkeys(paths):
        if why := _damage_of(path):
            return DamagedFile(path, why)
    return None


def _all_of(lake_url: str) -> list[str]:
    storage, root = fsspec.core.url_to_fs(lake_url)
    storage.invalidate_cache()
    return [
        str(storage.unstrip_protocol(path)).removeprefix("file://")
        for path in sorted(storage.find(root))
        if path.endswith(".parquet")
    ]


def _damage_of(path: str) -> str | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with fsspec.open(path, "rb") as file:
            stored = pq.ParquetFile(file)
            for group in range(stored.num_row_groups):
                stored.read_row_group(group)
    except FileNotFoundError:
        return None
    except (pa.ArrowException, OSError) as error:
        return str(error).splitlines()[0]
    return None
