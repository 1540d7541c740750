"""Any table of listens, by the names of its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.paths import literal
from ml.data.exports.export_service import Service
from ml.data.exports.exported_plays import TABLE
from ml.data.external.formats import open_source
from ml.data.external.headers import ROLES, place_named, plain
from ml.errors import MissingColumn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ml.data.exports.archives import ExportFile
    from ml.data.exports.exported_plays import Plays
    from ml.data.exports.owners import Person
    from ml.data.external.source import Source

_NAMES: Mapping[str, tuple[str, ...]] = {
    "user": ROLES["user_id"],
    "track": ("trackname", "title", "song", "songname", *ROLES["track_id"]),
    "at": ROLES["listened_at"],
    "plays": ROLES["plays"],
    "ms_played": ROLES["ms_played"],
    "artist": ("artist", "artistname"),
    "album": ("album", "albumname"),
}
_ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".json", ".jsonl")


def table_service(asked: Mapping[str, str]) -> Service:
    """Return a reader of tables.

    Args:
        asked: names of columns by `user`, `track`, `artist`, `album`, `at` and `plays`; those
            that are not asked for are found by their usual names.

    """

    def read(plays: Plays, file: ExportFile, person: Person, folder: Path) -> None:
        known = {plain(name) for name in asked.values()}
        source = open_source(
            plays.db, file.path, folder, plays.options,
            lambda fields: bool(known & {plain(field) for field in fields}) or _is_header(fields),
        )  # fmt: skip
        places = _places(source, asked)
        column = {role: _text(source, place) for role, place in places.items()}
        name = literal(person.name)
        if "user" in column:
            name = column["user"]
        fields = {"person": name, "title": column["track"], "kind": literal(TABLE)}
        fields |= {role: column[role] for role in ("artist", "album") if role in column}
        numbers = {role: places[role] for role in ("plays", "ms_played") if role in places}
        fields |= {role: f"round({role})" for role in numbers}
        plays.add(source, fields, places["at"], numbers)

    return Service("csv", lambda name: name.lower().endswith(_ENDINGS), read)


def _is_header(fields: list[str]) -> bool:
    names = {plain(field) for field in fields}
    return all(names & set(_NAMES[role]) for role in ("track", "at"))


def _places(source: Source, asked: Mapping[str, str]) -> dict[str, int]:
    there = [plain(name) for name in source.names]
    found = {
        role: there.index(next(name for name in names if name in there))
        for role, names in _NAMES.items()
        if set(names) & set(there)
    }
    found |= {role: place_named(source, name) for role, name in asked.items()}
    for role in ("track", "at"):
        if role not in found:
            hint = f"--{role} NAME says which it is"
            raise MissingColumn(source.path, role, source.names, hint=hint)
    return found


def _text(source: Source, place: int) -> str:
    """Return SQL for a column as text; whole numbers of floating point lose their `.0`."""
    select, kind = source.selects[place], source.types[place]
    if kind == "VARCHAR":
        return select
    if "DOUBLE" in kind or "FLOAT" in kind:
        return f"regexp_replace({select}::varchar, '\\.0$', '')"
    return f"{select}::varchar"
