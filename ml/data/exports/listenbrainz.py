"""ListenBrainz's exports and dumps: `listens/2019/7.jsonl`, an object per listen and line."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import duckdb

from lake.paths import literal
from ml.data.exports.export_service import Service
from ml.data.external.formats import open_source
from ml.data.external.source import Source, unreadable
from ml.errors import UnreadableTable

if TYPE_CHECKING:
    from pathlib import Path

    from ml.data.exports.archives import ExportFile
    from ml.data.exports.exported_plays import Plays
    from ml.data.exports.owners import Person

_FILES = re.compile(r"(^|/)listens/\d{4}/\d{1,2}\.(jsonl?|listens)(\.(gz|zst|bz2|xz))?$")
_USER = re.compile(r"(^|/)user\.json$")
_PATHS = {
    "artist": "$.track_metadata.artist_name",
    "title": "$.track_metadata.track_name",
    "album": "$.track_metadata.release_name",
    "user_name": "$.user_name",
    "listened_at": "$.listened_at",
    "duration_ms": "$.track_metadata.additional_info.duration_ms",
    "duration": "$.track_metadata.additional_info.duration",
}


def _read(plays: Plays, file: ExportFile, person: Person, folder: Path) -> None:
    opened = open_source(plays.db, file.path, folder, plays.options, lambda _: True)
    if opened.form != "JSON" or not {"listened_at", "track_metadata"} <= set(opened.names):
        why = "it has no listened_at and track_metadata: it holds no listens of ListenBrainz"
        raise UnreadableTable(file.path, why)
    selects = [_select(name, path) for name, path in _PATHS.items()]
    names = list(_PATHS)
    source = Source(
        file.path, names, ["VARCHAR"] * len(names), selects, opened.reader, "JSON", opened.locate
    )
    column = dict(zip(names, selects, strict=True))
    fields = {
        "person": _person_of(plays.db, source, person, column["user_name"]),
        "artist": column["artist"],
        "title": column["title"],
        "album": column["album"],
        "duration_ms": "round(coalesce(duration_ms, duration * 1000))",
        "kind": "'listenbrainz'",
    }
    numbers = {name: names.index(name) for name in ("duration_ms", "duration")}
    plays.add(source, fields, names.index("listened_at"), numbers)


def _select(name: str, path: str) -> str:
    """Return SQL for a value; a duration that is no number is none, as players write anything."""
    sql = f"json_extract_string(json, {literal(path)})"
    return f"try_cast({sql} as double)::varchar" if name.startswith("duration") else sql


def _person_of(
    db: duckdb.DuckDBPyConnection, source: Source, person: Person, user_name: str
) -> str:
    """Return SQL for who listened: a dump says it in each line, an export in none."""
    try:
        query = f"select count(distinct {user_name}) from {source.reader}"
        (number,) = db.execute(query).fetchall()[0]
    except duckdb.Error as error:
        raise unreadable(source.path, error) from error
    if not person.is_named:
        return f"coalesce({user_name}, {literal(person.name)})"
    if number > 1:
        why = f"it holds {number:,} people's listens, not those of {person.name} alone"
        raise UnreadableTable(source.path, why)
    return literal(person.name)


def _person_in(files: list[ExportFile]) -> str | None:
    """Return the name in `user.json`; None where there is none to be read."""
    for file in files:
        try:
            name = json.loads(file.path.read_bytes()).get("username")
        except (ValueError, AttributeError) as error:
            raise UnreadableTable(file.shown, "it is no JSON object with a username") from error
        if isinstance(name, str) and name.strip():
            return " ".join(name.split())
    return None


LISTENBRAINZ = Service(
    "listenbrainz",
    lambda name: bool(_FILES.search(name)),
    _read,
    _person_in,
    lambda name: bool(_USER.search(name)),
)
