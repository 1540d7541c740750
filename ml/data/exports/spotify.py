"""Spotify's exports: account data, and the extended streaming history.

Both tell when a stream *ended*, in UTC, and how many milliseconds were played.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.paths import literal
from ml.data.exports.export_service import Service
from ml.data.exports.exported_plays import ACCOUNT, EXTENDED
from ml.data.external.formats import open_source
from ml.data.external.headers import plain
from ml.errors import UnreadableTable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ml.data.exports.archives import ExportFile
    from ml.data.exports.exported_plays import Plays
    from ml.data.exports.owners import Person
    from ml.data.external.source import Source

_FILES = re.compile(r"(?i)(^|/)(streaming_?history|endsong)[^/]*\.json$")
_START = "listened_at - to_milliseconds(greatest(coalesce(ms_played, 0), 0)::bigint)"


def _read(plays: Plays, file: ExportFile, person: Person, folder: Path) -> None:
    source = open_source(plays.db, file.path, folder, plays.options, lambda _: True)
    places = {plain(name): place for place, name in enumerate(source.names)}
    if "endtime" in places and "msplayed" in places:
        fields, at = _account(source, places), "endtime"
    elif "ts" in places and "msplayed" in places:
        fields, at = _extended(source, places), "ts"
    else:
        why = "it has neither endTime and msPlayed (account data) nor ts and ms_played (extended)"
        raise UnreadableTable(file.path, f"{why}: it is no streaming history of Spotify")
    fields |= {"person": literal(person.name), "started_at": _START, "ms_played": "ms_played"}
    plays.add(source, fields, places[at], {"ms_played": places["msplayed"]})


def _account(source: Source, places: dict[str, int]) -> dict[str, str]:
    """Return columns of `StreamingHistory_music_0.json` and its siblings."""
    column = _selecting(source, places)
    is_spoken = "artistname" not in places
    return {
        "artist": column("podcastname", "author") if is_spoken else column("artistname"),
        "title": column("episodename", "chapter") if is_spoken else column("trackname"),
        "is_spoken": str(is_spoken).lower(),
        "kind": literal(ACCOUNT),
    }


def _extended(source: Source, places: dict[str, int]) -> dict[str, str]:
    """Return columns of `Streaming_History_Audio_2019_1.json`: a row is a track, or spoken."""
    column = _selecting(source, places)
    track = column("mastermetadatatrackname")
    title = f"coalesce({track}, {column('episodename', 'audiobookchaptertitle')})"
    artist = column("mastermetadataalbumartistname")
    spoken = column("episodeshowname", "audiobooktitle")
    return {
        "artist": f"case when {track} is null then {spoken} else {artist} end",
        "album": column("mastermetadataalbumalbumname"),
        "title": title,
        "kind": literal(EXTENDED),
        "is_spoken": "is_spoken",
        "duration_ms": "case when is_whole then ms_played end",
        "_is_spoken": f"{track} is null and {title} is not null",
        "_is_whole": f"coalesce({column('reasonend')} = 'trackdone', false)",
    }


def _selecting(source: Source, places: dict[str, int]) -> Callable[..., str]:
    def column(*names: str) -> str:
        there = [source.selects[places[name]] for name in names if name in places]
        return f"coalesce({', '.join(there)})" if there else "null::varchar"

    return column


SPOTIFY = Service("spotify", lambda name: bool(_FILES.search(name)), _read)
