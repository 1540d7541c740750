"""Last.fm's scrobbles as the usual exporters write them: CSV, with or without a header."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lake.paths import literal
from ml.data.exports.export_service import Service
from ml.data.external.formats import open_source
from ml.data.external.headers import plain
from ml.data.external.spellings import EPOCH, PATTERNS
from ml.errors import UnreadableTable

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from ml.data.exports.archives import ExportFile
    from ml.data.exports.exported_plays import Plays
    from ml.data.exports.owners import Person
    from ml.data.external.source import Source

_NAMES = {
    "artist": ("artist", "artistname"),
    "title": ("track", "trackname", "title", "song", "songname", "name", "tracktitle"),
    "album": ("album", "albumname", "albumtitle", "release"),
    "listened_at": (
        "uts", "utstimestamp", "timestamp", "unixtime", "scrobbledat", "utctime", "dateutc",
        "datetime", "date", "time", "playedat", "listenedat", "scrobbletime",
    ),
    "person": ("username", "user"),
}  # fmt: skip
_DATE = "|".join(f"(?:{pattern})" for pattern, _ in PATTERNS.values())
_CLOCK = r"\s*\d{1,2}:\d{2}(:\d{2})?"
_SAMPLE = 50


def _read(plays: Plays, file: ExportFile, person: Person, folder: Path) -> None:
    # A number of a column is asked for, so that a first line without names is one of values.
    options = replace(plays.options, columns={"track_id": "1"})
    source = open_source(plays.db, file.path, folder, options, _is_header)
    if source.form.startswith("CSV") and not source.has_header:
        source, places = _without_header(plays.db, source)
    else:
        places = _places(source)
    column = {role: source.selects[place] for role, place in places.items()}
    name = literal(person.name)
    if "person" in column and not person.is_named:
        name = f"coalesce({column['person']}, {name})"
    fields = {role: column[role] for role in ("artist", "title", "album") if role in column}
    plays.add(source, {**fields, "person": name, "kind": "'lastfm'"}, places["listened_at"], {})


def _is_header(fields: list[str]) -> bool:
    names = {plain(field) for field in fields}
    return all(names & set(_NAMES[role]) for role in ("artist", "title"))


def _places(source: Source) -> dict[str, int]:
    there = [plain(name) for name in source.names]
    found = {
        role: there.index(next(name for name in names if name in there))
        for role, names in _NAMES.items()
        if set(names) & set(there)
    }
    for role in ("artist", "title", "listened_at"):
        if role not in found:
            usual = ", ".join(_NAMES[role][:4])
            why = f"no column is called {usual} or alike: `import csv` takes any names"
            raise UnreadableTable(source.path, why)
    return found


def _without_header(db: duckdb.DuckDBPyConnection, source: Source) -> tuple[Source, dict[str, int]]:
    """Find the instants by how they are written; the names stand in a known order beside them."""
    rows = db.execute(
        f"select {', '.join(source.selects)} from {source.reader} limit {_SAMPLE}"
    ).fetchall()
    columns = [[text.strip() for text in column if text] for column in zip(*rows, strict=True)]
    dates = [_all_match(_DATE, texts) or _all_match(EPOCH, texts) for texts in columns]
    clocks = [_all_match(_CLOCK, texts) for texts in columns]
    width = len(columns)
    if width == 4 and dates[3]:
        return source, {"artist": 0, "album": 1, "title": 2, "listened_at": 3}
    if width == 5 and dates[3] and clocks[4]:  # the comma of `22 Oct 2010, 02:05` without quotes
        return _joined(source, 3), {"artist": 0, "album": 1, "title": 2, "listened_at": 3}
    if width == 4 and dates[0] and clocks[1]:
        return _joined(source, 0), {"listened_at": 0, "artist": 2, "title": 3}
    why = (
        "it has no header, and is neither artist,album,track,instant nor date,time,artist,track:"
        " add a header, or use `import csv`"
    )
    raise UnreadableTable(source.path, why)


def _joined(source: Source, at: int) -> Source:
    """Make one column of a date and the time of day after it."""
    selects = list(source.selects)
    selects[at] = f"trim({selects[at]}) || ' ' || trim({selects[at + 1]})"
    return replace(source, selects=selects)


def _all_match(pattern: str, texts: list[str]) -> bool:
    return bool(texts) and all(re.fullmatch(pattern, text) for text in texts)


def is_lastfm(path: Path) -> bool:
    """Whether a file of any name begins as a table of scrobbles does."""
    with path.open(encoding="latin-1", newline="") as file:
        first = next(csv.reader(file), [])
    return _is_header(first) or any(re.fullmatch(_DATE, field.strip()) for field in first)


def _is_table(name: str) -> bool:
    return name.lower().endswith((".csv", ".tsv"))


LASTFM = Service("lastfm", _is_table, _read)
