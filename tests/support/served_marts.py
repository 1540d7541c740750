"""Published files as serving reads them: the promised tables, as small or as large as asked."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from pathlib import Path

_TRACKS = """
    create table dim_tracks as
    select
        id::integer as track_id,
        if(id = 3, null, 'Track "' || id || '" ♪') as name,
        if(id = 3, null, 'Artist ' || id % 7) as artist,
        if(id = 3, null, ['Jazz', 'Funk', ' Folk '][id % 3 + 1]) as genres,
        if(id = 3, null, 'Album ' || id % 5) as album,
        case id when 3 then null when 4 then 'long' else format('03:{{:02d}}', id % 60) end
            as duration
    from range(1, {tracks} + 1) as ids (id)
"""
_POPULAR = """
    create table popular_tracks as
    select
        rank::integer as rank, ({tracks} + 1 - rank)::integer as track_id,
        1000 + rank as listens, 500 - rank as listeners,
        timestamp '2026-10-23' as window_from, timestamp '2026-11-22' as window_until
    from range(1, least(60, {tracks}) + 1) as ranks (rank)
"""
_RECOMMENDATIONS = """
    create table recommendations as
    select
        (10 * user_at)::integer as user_id,
        rank::integer as rank,
        ((user_at + rank + {model_version}) % {tracks} + 1)::integer as track_id,
        {score} as score,
        if(user_at = 2, 'metadata', 'model') as strategy,
        if(rank % 2 = 1, (user_at % {tracks} + 1)::integer, null) as because_track_id,
        {model_version}::integer as model_version,
        'run-1' as run_id,
        timestamp '{made_at}' - interval 1 hour as data_as_of,
        timestamp '{made_at}' as made_at
    from range(1, {users} + 1) as users (user_at), range(1, {per_user} + 1) as ranks (rank)
"""
_SIMILAR = """
    create table similar_tracks as
    select
        id::integer as track_id, rank::integer as rank,
        ((id + rank) % {tracks} + 1)::integer as similar_track_id, 1 / (rank + 1) as similarity,
        {model_version}::integer as model_version, 'run-1' as run_id,
        timestamp '{made_at}' as data_as_of, timestamp '{made_at}' as made_at
    from range(1, {tracks}) as ids (id), range(1, 21) as ranks (rank)
"""
# Two days of a user's playlists, as many tracks as there are; the older day's are not served.
_LISTED = """
    (
        select
            user_id, kind, day, concat(user_id || '-', kind, '-' || number) as playlist_id,
            coalesce(user_id, 0) as seed, number
        from (
            select
                (10 * range)::integer as user_id,
                unnest(['rewind', 'discover', 'on_repeat']) as kind, null as number
            from range(1, {users} + 1)
            union all
            select (10 * range)::integer, 'mix', unnest([1, 2]) from range(1, {users} + 1)
            union all
            select null, 'popular', null
        ), (values (date '2026-11-21'), (date '2026-11-22')) as days (day)
        where day = date '2026-11-22' or kind != 'rewind'
    )
"""
_PLAYLISTS = f"""
    create table playlists as
    select
        playlist_id, user_id, kind, concat(upper(kind), ' "', number, '"') as title,
        'What ' || kind || ' holds.' as description, least({{tracks}}, 30)::bigint as tracks, day,
        {{model_version}}::integer as model_version, 'run-1' as run_id,
        timestamp '{{made_at}}' as data_as_of, timestamp '{{made_at}}' as made_at
    from {_LISTED}
"""
_PLAYLIST_TRACKS = f"""
    create table playlist_tracks as
    select
        playlist_id, user_id, day, position::integer as position,
        ((seed + length(kind) + 3 * coalesce(number, 0) + position + day(day))
            % {{tracks}} + 1)::integer as track_id,
        if(position % 2 = 1, 'model', 'played_often') as reason,
        if(position = 1, 3 % {{tracks}} + 1, null)::integer as because_track_id
    from {_LISTED}, range(1, least({{tracks}}, 30) + 1) as positions (position)
    {{order}}
"""
_CHAMPION = """
    create table champion_model as
    select
        {model_version}::integer as model_version, 'blend' as name, 'abc123' as model_hash,
        timestamp '{made_at}' as trained_at, timestamp '{made_at}' as promoted_at,
        timestamp '{made_at}' as data_as_of, ['load-1', 'load-2'] as load_ids, 'f00' as git_commit,
        0.25::double as ndcg_at_10, 0.3::double as recall_at_10, 0.2::double as map_at_10,
        0.6::double as coverage
"""
_PUBLICATION = """
    create table publication as
    select
        {version}::integer as version, 'run-1' as run_id, 'invocation' as invocation_id,
        ['load-1'] as load_ids, 'hash' as model_hash, timestamp '{made_at}' as built_at,
        timestamp '{made_at}' as published_at
"""


@dataclass(frozen=True, slots=True)
class Marts:
    """What to publish. Users have the ids 10, 20, …; user 20's strategy is `metadata`.

    Track 3 has no metadata, track 4 a duration that is none.
    """

    version: int = 1
    model_version: int = 1
    users: int = 5
    tracks: int = 40
    per_user: int = 20
    score: str = "1.0 / rank"
    made_at: datetime | None = None
    leave_out: tuple[str, ...] = ()
    order: str = "order by position desc"
    """Of the tracks of playlists: none is faster to write, and any may come."""

    def publish(self, path: Path) -> None:
        """Write the file beside its place, then rename it there, as a publication does."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
        self.write(draft)
        draft.replace(path)

    def write(self, path: Path) -> None:
        """Write the tables to a new file."""
        queries = {
            "dim_tracks": _TRACKS,
            "popular_tracks": _POPULAR,
            "recommendations": _RECOMMENDATIONS,
            "similar_tracks": _SIMILAR,
            "champion_model": _CHAMPION,
            "playlists": _PLAYLISTS,
            "playlist_tracks": _PLAYLIST_TRACKS,
            "publication": _PUBLICATION,
        }
        made_at = self.made_at or datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        figures = {
            name: getattr(self, name)
            for name in [
                "version",
                "model_version",
                "users",
                "tracks",
                "per_user",
                "score",
                "order",
            ]
        }
        with duckdb.connect(path) as file:
            for table, query in queries.items():
                if table not in self.leave_out:
                    file.execute(query.format(made_at=made_at, **figures))
