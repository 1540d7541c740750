"""The layout of a given world: its tables, fields and types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from api.source.errors import WorldFieldWrong, WorldMissing, WorldUnreadable
from api.source.http.json_rendering import parquet

if TYPE_CHECKING:
    from pathlib import Path

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_TIMESTAMPS = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")


@dataclass(frozen=True, slots=True)
class _Kind:
    """The accepted types of a field, and the type it is served as."""

    name: str
    types: tuple[str, ...]
    served_as: str


_ID = _Kind("an integer", _INTEGERS, "BIGINT")
_TEXT = _Kind("a string", ("VARCHAR",), "VARCHAR")
_INSTANT = _Kind("a timestamp without a zone", _TIMESTAMPS, "TIMESTAMP")
_ITEMS = _Kind("a list of integers", tuple(f"{kind}[]" for kind in _INTEGERS), "BIGINT[]")
_INSTANTS = {"created_at": _INSTANT, "updated_at": _INSTANT}
_TRACK = ("name", "artist", "songwriters", "duration", "genres", "album")
_USER = ("first_name", "last_name", "email", "gender", "favorite_genres")

_FIELDS: dict[str, dict[str, _Kind]] = {
    "tracks": {"id": _ID} | dict.fromkeys(_TRACK, _TEXT) | _INSTANTS,
    "users": {"id": _ID} | dict.fromkeys(_USER, _TEXT) | _INSTANTS,
    "listen_history": {"user_id": _ID, "items": _ITEMS} | _INSTANTS,
}


def files_of(world: Path, table: str) -> list[Path]:
    """Find a table's file, or the Parquet files of a directory of its name, at any depth."""
    path = world / f"{table}.parquet"
    if path.is_file():
        return [path]
    for directory in (path, world / table):
        if found := sorted(directory.rglob("*.parquet")):
            return found
    raise WorldMissing(world, table)


def checked(
    connection: duckdb.DuckDBPyConnection, table: str, files: list[Path]
) -> tuple[str, list[str]]:
    """Check a table's fields; return it as a relation in the served types, and its fields.

    A field of another type is let through if it is null throughout: who wrote it saw no value to
    infer the type from.

    Args:
        connection: An open connection to DuckDB.
        table: The table of the API: tracks, users or listen_history.
        files: The table's Parquet files.

    """
    try:
        relation = parquet(files, "union_by_name = true")
        described = connection.execute(f"describe select * from {relation}").fetchall()
        types = {name: kind for name, kind, *_ in described}
        for field, kind in _FIELDS[table].items():
            found = types.get(field)
            if not found:
                raise WorldFieldWrong(files[0], field, "missing", kind.name)
            if found not in kind.types and _has_values(connection, relation, field):
                raise WorldFieldWrong(files[0], field, found, kind.name)
    except (duckdb.Error, ValueError) as error:
        raise WorldUnreadable(files[0], str(error).splitlines()[0]) from error
    served = ", ".join(
        f"{_cast(field, types[field], kind)} as {field}" for field, kind in _FIELDS[table].items()
    )
    return f"(select * replace ({served}) from {relation})", list(types)


def _has_values(connection: duckdb.DuckDBPyConnection, relation: str, field: str) -> bool:
    (values,) = connection.execute(f"select count({field}) from {relation}").fetchall()[0]
    return bool(values)


def _cast(field: str, found: str, kind: _Kind) -> str:
    return f"{field if found in kind.types else 'null'}::{kind.served_as}"
