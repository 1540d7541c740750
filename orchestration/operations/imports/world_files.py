"""Files of an imported world: the app's three tables, and the plays that they are made from.

An import adds to the world. People and tracks keep their ids; a record that changed is updated at
the import's instant, so that the next run pulls it; a session that became part of another stays,
empty.
"""

from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from lake.atomic import draft_of
from lake.paths import NO_PARTITIONS, literal, pattern_of
from orchestration.operations.imports.errors import NoImportedWorld

if TYPE_CHECKING:
    import duckdb

PLAYS = "plays.parquet"
KEYS = {"tracks": "id", "users": "id", "listen_history": "user_id, created_at"}
_ONE_PLAY = "person, artist_key, title_key, started_at"


def require_world(folder: Path) -> None:
    """Raise `NoImportedWorld` unless a folder is new, empty or an imported world."""
    if folder.is_dir() and not (folder / PLAYS).exists():
        # An import that was killed leaves hidden files alone.
        visible = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        if visible:
            raise NoImportedWorld(folder, visible[0])
    elif folder.exists() and not folder.is_dir():
        raise NoImportedWorld(folder, "a file")


def write_world(
    db: "duckdb.DuckDBPyConnection", folder: Path, gap_minutes: int, now: datetime
) -> str:
    """Write a world from `plays` and from the world that was there; return what it holds.

    Args:
        db: holds the table `plays` of the import.
        folder: the world.
        gap_minutes: a session ends where nothing plays for so long.
        now: when what changes is said to change.

    """
    folder.mkdir(parents=True, exist_ok=True)
    was_there = (folder / PLAYS).exists()
    _merge_plays(db, folder if was_there else None)
    _number(db, folder if was_there else None)
    script = files("orchestration.operations.imports").joinpath("sessions.sql").read_text()
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement, {"gap": gap_minutes} if "$gap" in statement else None)
    for table, key in KEYS.items():
        if was_there and (folder / f"{table}.parquet").exists():
            _keep_or_update(db, folder, table, key, now)
        _write(db, f"select * from new_{table} order by {key}", folder / f"{table}.parquet")
    _write(db, "select * from plays order by person, started_at, title_key", folder / PLAYS)
    return _summary(db)


def _merge_plays(db: "duckdb.DuckDBPyConnection", world: Path | None) -> None:
    """Add the plays of the world that was there; one that stands in both is one."""
    db.execute(
        "create or replace table plays as select * exclude (is_spoken, kind, plays),"
        " sum(plays)::bigint as plays from plays group by all"
    )
    if world:
        db.execute(f"insert into plays by name {_select(world / PLAYS)}")
    db.execute(
        "create or replace table plays as"
        f" select {_ONE_PLAY}, arg_min(artist, artist) as artist, arg_min(album, album) as album,"
        " arg_min(title, title) as title, max(ms_played) as ms_played,"
        " max(duration_ms) as duration_ms, arg_min(album_key, album) as album_key,"
        f" max(plays) as plays from plays group by {_ONE_PLAY}"
    )


def _number(db: "duckdb.DuckDBPyConnection", world: Path | None) -> None:
    """Number people and tracks in the order of their first plays, after those that have an id."""
    from ml.data.exports.canonical import add_keys

    db.execute("create table old_tracks (id bigint, artist varchar, title varchar, album varchar)")
    db.execute("create table old_users (id bigint, person varchar)")
    if world and (world / "tracks.parquet").exists():
        tracks = _select(world / "tracks.parquet", "id, artist, name as title, album")
        db.execute(f"insert into old_tracks {tracks}")
    if world and (world / "users.parquet").exists():
        name = "id, trim(first_name || ' ' || last_name)"
        db.execute(f"insert into old_users {_select(world / 'users.parquet', name)}")
    add_keys(db, "old_tracks")
    for table, keys, old, named in (
        ("track_ids", "artist_key, title_key", "old_tracks", "artist_key, title_key"),
        ("user_ids", "person", "old_users", "person"),
    ):
        db.execute(_numbered(table, keys, old, named))


def _numbered(table: str, keys: str, old: str, named: str) -> str:
    same = " and ".join(
        f"known.{key.strip()} is not distinct from plays.{key.strip()}" for key in keys.split(",")
    )
    return (
        f"create table {table} as with known as (select id, {named} from {old})"
        f" select * from known union all"
        f" select row_number() over (order by min(started_at), {keys})"
        f" + (select coalesce(max(id), 0) from known), {keys} from plays"
        f" where not exists (select 1 from known where {same}) group by {keys}"
    )


def _keep_or_update(
    db: "duckdb.DuckDBPyConnection", folder: Path, table: str, key: str, now: datetime
) -> None:
    """Leave equal records as they were; what is new or other is updated now, what is gone empty."""
    db.execute(f"create or replace table old as {_select(folder / f'{table}.parquet')}")
    names = [row[0] for row in db.execute(f"describe new_{table}").fetchall()]
    content = ", ".join(name for name in names if name != "updated_at")
    db.execute(
        f"create or replace table new_{table} as select new.* replace ("
        f" coalesce(old.updated_at, greatest(new.updated_at, {literal(now)}::timestamp))"
        f" as updated_at) from new_{table} as new left join old on "
        + " and ".join(
            f"new.{name} is not distinct from old.{name}" for name in content.split(", ")
        )
    )
    if table == "listen_history":
        db.execute(
            f"insert into new_{table} by name select * replace ([] as items,"
            f" if(len(items) = 0, updated_at, {literal(now)}::timestamp) as updated_at) from old"
            f" where ({key}) not in (select {key} from new_{table})"
        )


def _write(db: "duckdb.DuckDBPyConnection", query: str, path: Path) -> None:
    with draft_of(path) as draft:
        db.execute(f"copy ({query}) to {literal(draft)} (format parquet, compression zstd)")


def _select(path: Path, columns: str = "*") -> str:
    return f"select {columns} from read_parquet({literal(pattern_of(path))}, {NO_PARTITIONS})"


def _summary(db: "duckdb.DuckDBPyConnection") -> str:
    users, tracks, artists, albums, sessions, listens, several = db.execute(
        "select (select count(*) from new_users), (select count(*) from new_tracks),"
        " (select count(*) from artist_names),"
        " (select count(distinct (artist_key, album_key)) from plays where album_key is not null),"
        " (select count(*) from new_listen_history where len(items) > 0),"
        " (select sum(plays) from plays),"
        " (select count(*) from artist_names where spellings > 1)"
    ).fetchall()[0]
    who = f"{users:,} {'person' if users == 1 else 'people'}"
    return (
        f"world     {who}, {listens:,} listens in {sessions:,} sessions, {tracks:,} tracks"
        f" of {artists:,} artists ({several:,} spelled in several ways) and {albums:,} albums"
    )
