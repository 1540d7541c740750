"""Erasure in every file below the data folder, by type; the lake's are left to `ingestion`."""

import json
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.operations.erasure import sqlite, texts
from orchestration.operations.erasure.databases import rewrite_database
from orchestration.operations.erasure.tree import databases_in, files_in
from orchestration.run.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingestion.erasure.person import Person
    from lake.feedback.inbox import Inbox

# Rewritten by their format, not as text.
TABLES = frozenset({".duckdb", ".parquet", ".npz", ".wal"})


def erase_feedback(settings: Settings, user_id: int) -> int:
    """Erase a user's rows from the inbox of feedback; return how many there were."""
    with _inbox(settings) as inbox:
        return inbox.forget(user_id) if inbox else 0


def ids_in_inbox(settings: Settings) -> set[int]:
    """Return every user that the inbox of feedback names."""
    with _inbox(settings) as inbox:
        return inbox.users() if inbox else set()


def is_in_inbox(settings: Settings, user_id: int) -> bool:
    """Whether the inbox of feedback names a user."""
    with _inbox(settings) as inbox:
        return bool(inbox and inbox.knows(user_id))


@contextmanager
def _inbox(settings: Settings) -> "Iterator[Inbox | None]":
    from lake.feedback.inbox import Inbox

    inbox = Inbox(settings.inbox_url)
    try:
        yield inbox if inbox.exists() else None
    finally:
        inbox.close()


def erase_texts(settings: Settings, person: "Person") -> int:
    """Redact logs, reports, artifacts and SQLite; return how many files had to change."""
    changed = 0
    for path in files_in(settings):
        if sqlite.is_sqlite(path):
            changed += sqlite.redact(path, person)
        elif path.suffix not in TABLES and not _is_beside_sqlite(path):
            changed += texts.redact(path, person)
    return changed


def erase_tables(settings: Settings, person: "Person") -> int:
    """Rewrite DuckDB files, Parquet files and models; return how many."""
    from ml.lifecycle import model_erasure
    from ml.settings import MlSettings

    sweep(settings)
    rewritten = 0
    for path in databases_in(settings):
        rewrite_database(settings, path, person)
        rewritten += 1
    _remove_former_answers(settings)
    for path in files_in(settings):
        if path.suffix == ".parquet":
            rewritten += _erase_rows(path, person)
    given = MlSettings(data_dir=settings.data_dir, lake_url=settings.lake_url)
    return rewritten + model_erasure.forget(given, person.user_id)


def sweep(settings: Settings) -> None:
    """Remove drafts of killed commands; no command writes while the lock is held."""
    for left in (settings.temporary_dir).glob("*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    monitoring = settings.dbt_dir / settings.monitoring_file.name
    for path in files_in(settings):
        is_draft = path.name.endswith((".tmp", ".tmp.wal")) or path == monitoring
        if is_draft or (path.suffix == ".wal" and not path.with_suffix("").exists()):
            path.unlink()


def _remove_former_answers(settings: Settings) -> None:
    """Remove serving's snapshots of former publications; it prepares the new one by itself."""
    from api.serving.shared_files import state_of

    for facts in (settings.data_dir / "serving" / "answers").glob("*/facts.json"):
        if json.loads(facts.read_bytes())["source"] != list(state_of(settings.marts_file) or ()):
            shutil.rmtree(facts.parent)


def _erase_rows(path: Path, person: "Person") -> bool:
    import fsspec

    from ingestion.lake_erasure import erase_rows

    return erase_rows(fsspec.filesystem("file"), str(path), person)


def _is_beside_sqlite(path: Path) -> bool:
    return path.name.endswith(("-wal", "-shm", "-journal"))
