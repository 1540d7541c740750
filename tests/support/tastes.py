"""A published file in which people have tastes: users of a group play the tracks of that group."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np

CUT_OFF = datetime(2026, 3, 1)
NEWEST = CUT_OFF + timedelta(days=7)
_AT = f"timestamp '{CUT_OFF}' + to_microseconds((day * 86400e6)::bigint)"


@dataclass(frozen=True, slots=True)
class Tastes:
    """Some groups, and listens of a month before the cut-off and of the week after it."""

    users: int = 120
    tracks: int = 80
    groups: int = 4
    listens: int = 6_000
    version: int = 1
    seed: int = 0
    day: int = 0
    """So many days later it is published."""

    def publish(self, marts: Path) -> None:
        """Write the tables that models read, by one rename."""
        draft = marts.with_suffix(".draft")
        marts.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(draft) as db:
            self._draw(db)
            for statement in self._tables():
                db.execute(statement)
        draft.replace(marts)

    def write_world(self, folder: Path) -> None:
        """Write the same as an app's own records, a session for each listen."""
        folder.mkdir()
        born = f"timestamp '{CUT_OFF - timedelta(days=60)}'"
        instants = f"{born} as created_at, {born} as updated_at"
        records = {
            "tracks": f"select (range + 1)::integer as id, 'Song ' || range as name,"
            " 'Band ' || range % 30 as artist, 'Someone' as songwriters, '03:20' as duration,"
            f" 'genre ' || range % {self.groups} as genres, 'Album' as album, {instants}"
            f" from range({self.tracks})",
            "users": "select (range + 1)::integer as id, 'Ada' as first_name, 'B.' as last_name,"
            " range || '@example.org' as email, 'Female' as gender,"
            f" 'genre ' || range % {self.groups} as favorite_genres, {instants}"
            f" from range({self.users})",
            "listen_history": "select (user + 1)::integer as user_id, [track + 1] as items,"
            f" {_AT} as created_at, {_AT} as updated_at from drawn",
        }
        with duckdb.connect() as db:
            self._draw(db)
            for table, query in records.items():
                db.sql(query).write_parquet(str(folder / f"{table}.parquet"))

    def _draw(self, db: duckdb.DuckDBPyConnection) -> None:
        """Let nine of ten listens be of the user's own group."""
        rng = np.random.default_rng(self.seed)
        user = rng.integers(self.users, size=self.listens)
        own = rng.integers(self.tracks // self.groups, size=self.listens) * self.groups
        track = np.where(
            rng.random(self.listens) < 0.9,
            own + user % self.groups,
            rng.integers(self.tracks, size=self.listens),
        )
        db.execute(
            "create table drawn as select unnest(?) as user, unnest(?) as track, unnest(?) as day",
            [user.tolist(), track.tolist(), rng.uniform(-30, 7, self.listens).tolist()],
        )

    def _tables(self) -> list[str]:
        first, last = (instant + timedelta(days=self.day) for instant in (CUT_OFF, NEWEST))
        cut_offs = f"(select unnest([timestamp '{first}', timestamp '{last}']) as as_of)"
        part = f"[{{'part': 'features', 'data_as_of': timestamp '{last}'}}]"
        return [
            "create table fact_listen_history as select (user + 1)::integer as user_id,"
            f" (track + 1)::integer as track_id, {_AT} as listened_at,"
            " row_number() over () as session_position from drawn",
            "drop table drawn",
            f"create table publication as select {self.version} as version,"
            f" ['1.{self.version}'] as load_ids, {part} as parts",
            "create table dim_users as select range::integer as user_id"
            f" from range(1, {self.users + 1})",
            "create table dim_tracks as select range::integer as track_id"
            f" from range(1, {self.tracks + 1})",
            # Every eighth track is new.
            "create table dim_tracks_history as select range::integer as track_id,"
            f" timestamp '{first}' - to_days(if(range % 8 = 0, 9, 90)) as created_at,"
            f" timestamp '{first}' - to_days(9) as etl_updated_at"
            f" from range(1, {self.tracks + 1})",
            "create schema features",
            "create table features.feature_user_track as select as_of, user_id, track_id,"
            " count(*) as plays, min(listened_at) as first_played_at,"
            " max(listened_at) as last_played_at, 1.0::double as decayed_weight"
            f" from fact_listen_history join {cut_offs} on listened_at < as_of group by all",
            "create table features.feature_users as select as_of, range::integer as user_id,"
            f" 'genre ' || range % {self.groups} as favorite_genre, 9 as plays"
            f" from range(1, {self.users + 1}), {cut_offs}",
            "create table features.feature_tracks as select as_of, range::integer as track_id,"
            f" 'artist ' || range % 30 as artist, 'genre ' || range % {self.groups} as genres,"
            f" 'album' as album, 0.1 as popularity from range(1, {self.tracks + 1}), {cut_offs}",
        ]
