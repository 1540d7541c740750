"""The files to search for a person, and their durable replacement."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lake import atomic
from orchestration.run.settings import Settings

# Not ours to change, rewritten by the ingestion, or this package's own means.
ELSEWHERE = ("source", "lake", "tmp", ".writer.lock", "forget.key")
# A database server's own files: only that server may change them.
SERVER = "PG_VERSION"


def files_in(settings: Settings) -> Iterator[Path]:
    """Every file below the data folder that may name a person, except the lake's."""
    for path in sorted(settings.data_dir.iterdir()):
        if path.name in ELSEWHERE or path.is_symlink():
            continue
        if path.is_file():
            yield path
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(one for one in folders if not (Path(folder, one) / SERVER).exists())
            for one in (Path(folder, name) for name in sorted(names)):
                if one.is_file() and not one.is_symlink():
                    yield one


def databases_in(settings: Settings) -> list[Path]:
    """Every DuckDB file."""
    return [path for path in files_in(settings) if path.suffix == ".duckdb"]


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """Yield where to write what is to replace a file; nothing of it stays if that fails."""
    with atomic.draft_of(path) as draft:
        yield draft
        draft.chmod(path.stat().st_mode & 0o7777)
