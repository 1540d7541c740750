"""Made-up exports of listening histories, and what is imported of them."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb

from ml.data.external.reading_options import ReadingOptions
from orchestration.operations.imports.import_listens import import_listens

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 1, 12)


@dataclass(frozen=True, slots=True)
class ImportedWorld:
    """A world, and what its import reported."""

    folder: Path
    lines: list[str] = field(default_factory=list)

    def line(self, name: str) -> str:
        """Return a line of the report, without its name; nothing where it has none."""
        return next((its[10:] for its in self.lines if its.startswith(name)), "")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Query `tracks`, `users`, `sessions` and `plays`."""
        with duckdb.connect() as db:
            for table in ("tracks", "users", "listen_history", "plays"):
                db.execute(
                    f"create view {table} as from read_parquet('{self.folder}/{table}.parquet')"
                )
            return db.execute(query).fetchall()

    def listens(self) -> list[tuple[Any, ...]]:
        """Return who heard what when, in order."""
        return self.rows("select person, artist, title, started_at from plays order by all")

    def titles(self) -> list[str]:
        """Return the titles that were played, in order of time."""
        return [title for (title,) in self.rows("select title from plays order by started_at")]


def imported(
    world: Path,
    service: str,
    *paths: Path | str,
    columns: dict[str, str] | None = None,
    now: datetime = NOW,
    gap: int = 30,
    **options: Any,
) -> ImportedWorld:
    """Import exports into a world."""
    done = import_listens(
        service,
        [str(path) for path in paths],
        world,
        ReadingOptions(**options),
        columns=columns or {},
        gap_minutes=gap,
        memory_limit="1GB",
        now=now,
    )
    return ImportedWorld(world, done.lines)


def account_play(
    end: str, artist: str = "Blur", track: str = "Song 2", ms: int | None = 120_000
) -> dict[str, Any]:
    """Return a row of Spotify's account data."""
    return {"endTime": end, "artistName": artist, "trackName": track, "msPlayed": ms}


def extended_play(ts: str, track: str | None = "Song 2", **other: Any) -> dict[str, Any]:
    """Return a row of Spotify's extended streaming history."""
    return {
        "ts": ts,
        "username": "x1",
        "platform": "ios",
        "ms_played": 120_000,
        "ip_addr": "192.0.2.1",
        "master_metadata_track_name": track,
        "master_metadata_album_artist_name": track and "Blur",
        "master_metadata_album_album_name": track and "Blur",
        "spotify_track_uri": track and "spotify:track:1",
        "episode_name": None,
        "episode_show_name": None,
        "reason_end": "trackdone",
        "skipped": False,
    } | other


def listen(at: Any, title: str | None = "Song 2", **other: Any) -> dict[str, Any]:
    """Return a line of ListenBrainz."""
    names = {"artist_name": "Blur", "track_name": title, "release_name": "Blur"}
    return {"listened_at": at, "track_metadata": names | other}


def write_json(path: Path, rows: Any) -> Path:
    """Write one JSON document."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, ensure_ascii=False))
    return path


def write_lines(path: Path, rows: list[Any]) -> Path:
    """Write a JSON document a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def write_text(path: Path, text: str) -> Path:
    """Write a text, line ends as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def zipped(archive: Path, folder: Path, below: str = "") -> Path:
    """Pack a folder as services do: under a folder of its own in the archive."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, below + str(path.relative_to(folder)))
    return archive
