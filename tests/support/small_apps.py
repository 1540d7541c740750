"""Apps so small that most recommenders have nothing to learn: a user, a track, no listen at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from pathlib import Path

_AT = "timestamp '2026-03-01 10:00' as created_at, timestamp '2026-03-01 10:00' as updated_at"
_GENRE = "['Rock', 'Pop', 'Jazz'][range % 3 + 1]"


@dataclass(frozen=True, slots=True)
class SmallApp:
    """Users and tracks with ids from 1, and one session of each user that heard something."""

    users: int
    tracks: int
    heard: dict[int, list[int]]
    """Of each user, the tracks; a user may be one that the app does not name."""

    def write_world(self, folder: Path) -> None:
        """Write the app's own records."""
        folder.mkdir()
        queries = {
            "tracks": "select (range + 1)::integer as id, 'Song ' || range as name,"
            " 'Band ' || range % 7 as artist, 'Someone' as songwriters, '03:20' as duration,"
            f" {_GENRE} as genres, 'Album' as album, {_AT} from range({self.tracks})",
            "users": "select (range + 1)::integer as id, 'Ada' as first_name, 'B.' as last_name,"
            " range || '@example.org' as email, 'Female' as gender,"
            f" {_GENRE} as favorite_genres, {_AT} from range({self.users})",
            "listen_history": "select unnest(?::integer[]) as user_id,"
            f" unnest(?::integer[][]) as items, {_AT}",
        }
        listens = [list(self.heard), list(self.heard.values())]
        with duckdb.connect() as db:
            for table, query in queries.items():
                path = folder / f"{table}.parquet"
                given = listens if table == "listen_history" else []
                db.execute(f"copy ({query}) to '{path}'", given)
