"""Erasure of a person from an SQLite database that others may have open, such as MLflow's."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.operations.erasure.texts import signs
from orchestration.run.errors import BuildFileInUse, NotErased
from orchestration.warehouse.catalog import name_of

if TYPE_CHECKING:
    from ingestion.erasure.person import Person

_MAGIC = b"SQLite format 3\0"
_PATIENCE_SECONDS = 30


def is_sqlite(path: Path) -> bool:
    """Whether a file is an SQLite database, by its first bytes."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def redact(path: Path, person: "Person") -> bool:
    """Take the person out of every text in a database, and out of its free pages."""
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS)) as database:
            database.create_function("redacted", 1, lambda text: text and person.redacted(text))
            with database:
                changed = sum(_redact(database, *column) for column in _texts(database))
            if changed or _tells(path, person):
                database.execute("vacuum")
                database.execute("pragma wal_checkpoint(truncate)")
    except sqlite3.OperationalError as error:
        raise BuildFileInUse(path, str(error)) from error
    if _tells(path, person):
        raise NotErased(path)
    return bool(changed)


def _redact(database: sqlite3.Connection, table: str, column: str) -> int:
    name = name_of(column)
    return database.execute(
        f"update {name_of(table)} set {name} = redacted({name})"
        f" where typeof({name}) = 'text' and {name} <> redacted({name})"
    ).rowcount


def _texts(database: sqlite3.Connection) -> list[tuple[str, str]]:
    return database.execute(
        "select tables.name, columns.name from sqlite_master as tables,"
        " pragma_table_info(tables.name) as columns"
        " where tables.type = 'table' and tables.name not like 'sqlite_%'"
    ).fetchall()


def _tells(path: Path, person: "Person") -> bool:
    parts = (path, path.with_name(f"{path.name}-wal"))
    return any(
        sign in part.read_bytes() for part in parts if part.exists() for sign in signs(person)
    )
