"""A world somebody gives: a directory of Parquet files in the API's own fields."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from api.source.errors import WorldFieldWrong, WorldMissing, WorldUnreadable
from api.source.rendering import TABLES, engine, render
from api.source.rows import FileRows, write_rows
from api.source.view import View, settled
from api.source.world.parameters import microseconds
from api.source.world.store import only_maker, replace_with

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_INTEGERS = frozenset(
    ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
)
_TEXT = frozenset(("VARCHAR", '"NULL"'))
_INSTANTS = frozenset(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"))
_LISTS = frozenset(f"{integer}[]" for integer in _INTEGERS)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a field may be."""

    name: str
    types: frozenset[str]


_ID = _Kind("an integer", _INTEGERS)
_STRING = _Kind("a string", _TEXT)
_INSTANT = _Kind("a timestamp without a zone", _INSTANTS)
_ITEMS = _Kind("a list of integers", _LISTS)


def _fields(keys: dict[str, _Kind], texts: tuple[str, ...] = ()) -> dict[str, _Kind]:
    instants = {"created_at": _INSTANT, "updated_at": _INSTANT}
    return keys | dict.fromkeys(texts, _STRING) | instants


_FIELDS = {
    "tracks": _fields(
        {"id": _ID}, ("name", "artist", "songwriters", "duration", "genres", "album")
    ),
    "users": _fields(
        {"id": _ID}, ("first_name", "last_name", "email", "gender", "favorite_genres")
    ),
    "listen_history": _fields({"user_id": _ID, "items": _ITEMS}),
}


class GivenWorld:
    """Every row of the given files whose `updated_at` the clock has reached, as it is.

    The rendered rows are kept under the data directory and made anew when a file has changed.
    """

    def __init__(self, world: Path, folder: Path) -> None:
        self._spill = folder / "spill"
        place = hashlib.sha256(str(world).encode()).hexdigest()[:12]
        self._rendered = folder / "given" / place
        files = {table: _files(world, table) for table in TABLES}
        self._rows = {table: self._open(table, files[table]) for table in TABLES}

    def at(self, clock: datetime) -> dict[str, View]:
        """Show each table as it stands at an instant."""
        now = microseconds(clock)
        return {table: View.of([settled(rows, now)]) for table, rows in self._rows.items()}

    def _open(self, table: str, files: list[Path]) -> FileRows:
        folder = self._rendered / f"{table}-{_fingerprint(files)}"
        if not folder.exists():
            with only_maker(self._rendered):
                for stale in self._rendered.glob(f"{table}-*"):
                    shutil.rmtree(stale)
                with replace_with(folder) as temporary, engine(self._spill) as connection:
                    _render(connection, table, files, temporary)
        return FileRows.open(folder)


def _files(world: Path, table: str) -> list[Path]:
    """A file, or the Parquet files of a directory of that name, at any depth."""
    path = world / f"{table}.parquet"
    if path.is_file():
        return [path]
    for directory in (path, world / table):
        if found := sorted(directory.rglob("*.parquet")):
            return found
    raise WorldMissing(world, table)


def _fingerprint(files: list[Path]) -> str:
    """Tell one state of the files from another without reading them."""
    stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(stats).encode()).hexdigest()[:16]


def _render(
    connection: duckdb.DuckDBPyConnection, table: str, files: list[Path], folder: Path
) -> None:
    paths = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    relation = f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
    try:
        described = connection.execute(f"describe select * from {relation}").fetchall()
        _check(files[0], table, {name: kind for name, kind, *_ in described})
        write_rows(render(connection, table, relation, [name for name, *_ in described]), folder)
    except duckdb.Error as error:
        raise WorldUnreadable(files[0], str(error).splitlines()[0]) from error


def _check(file: Path, table: str, types: dict[str, str]) -> None:
    for field, kind in _FIELDS[table].items():
        if types.get(field) not in kind.types:
            raise WorldFieldWrong(file, field, types.get(field, "missing"), kind.name)
