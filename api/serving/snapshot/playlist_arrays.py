"""The arrays of playlists: of the newest day, each user's behind one another.

A playlist's id begins with its user's. What follows, its kind, title and description are a heading,
which all playlists with the same ones share. So a playlist takes 12 bytes, and each of its tracks
9: a million users with eight playlists of 30 tracks take 2.3 GB of disk. The playlists for
everybody come last; where the published file has none, the popular tracks are one.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from api.serving.errors import PublicationUnusable
from api.serving.snapshot import arrays
from api.serving.snapshot.manifest import PlaylistBatch

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import numpy.typing as npt

_KINDS = ["discover", "on_repeat", "release_radar", "mix", "rewind", "popular"]
"""In the order in which an app may show them."""
_NEWEST = "day = (select max(day) from playlists)"
_LISTED = f"create temp table listed as select * from playlists where {_NEWEST}"
_NONE_LISTED = """
    create temp table listed (
        playlist_id varchar, user_id integer, kind varchar, title varchar, description varchar,
        day date, model_version integer
    )
"""
_HELD = f"""
    select playlist_id, position, track_id, reason, because_track_id
    from playlist_tracks where {_NEWEST}
"""
_POPULAR = """
    insert into listed (playlist_id, kind, title, description)
    select 'popular', 'popular', 'Popular', 'What most people listened to in the last 30 days.'
    where not exists (from listed where user_id is null)
    returning playlist_id
"""
_POPULAR_HELD = """
    select
        'popular' as playlist_id, rank as position, track_id, 'popularity' as reason,
        null::integer as because_track_id
    from popular inner join places using (place)
    where rank <= 30
"""
_STRANGE = """
    select count(*) from listed
    where user_id is not null and not starts_with(playlist_id, concat(user_id, '-'))
"""
_HEADINGS = """
    create temp table headings as
    select (row_number() over () - 1)::integer as heading, *
    from (
        select distinct
            substr(playlist_id, length(coalesce(user_id::varchar, '')) + 1) as suffix,
            kind, title, description
        from listed
    )
"""
_HEADING_TEXTS = """
    select to_json(h)::varchar as text
    from (from headings select suffix, kind, title, description order by heading) as h
"""
_SHELF = f"""
    create temp table shelf as
    select
        playlist_id, user_id, heading,
        row_number() over (
            order by user_id nulls last, list_position({_KINDS}, listed.kind), playlist_id
        ) - 1 as place
    from listed inner join headings
        on
            headings.suffix = substr(playlist_id, length(coalesce(user_id::varchar, '')) + 1)
            and headings.kind = listed.kind
            and headings.title = listed.title
            and headings.description = listed.description
"""
_COUNTED = "select user_id, count(*) as playlists from shelf group by user_id order by user_id"
_TRACKS = """
    select
        shelf.place as playlist, p.place as track, coalesce(b.place, -1) as because,
        (list_position($reasons, reason) - 1)::tinyint as reason
    from held
    inner join shelf using (playlist_id)
    inner join places as p on p.track_id = held.track_id
    left join places as b on b.track_id = held.because_track_id
    order by shelf.place, position
"""
_OF_TRACK = {"track": np.int32, "because": np.int32, "reason": np.int8}


def write_playlists(
    published: duckdb.DuckDBPyConnection, folder: Path, *, there: bool
) -> PlaylistBatch:
    """Write the playlists of the newest day; tracks, users and popular tracks are there already.

    Args:
        published: The published file, with the temporary tables `places` and `popular`.
        folder: Where the arrays go; `users.ids` is in it.
        there: Whether the published file has playlists.

    Returns:
        Their day and model version (none: there are only the popular tracks), and all reasons.

    """
    published.execute(_LISTED if there else _NONE_LISTED)
    if published.sql(_STRANGE).fetchall() != [(0,)]:
        raise PublicationUnusable("the id of a playlist does not begin with its user's")
    # The playlist for everybody is the champion's; an arm's may be of another version.
    day, version = published.sql(
        "select max(day)::varchar, coalesce("
        "max(model_version) filter (where user_id is null), max(model_version)) from listed"
    ).fetchall()[0]
    held = [_HELD] if there else []
    held += [_POPULAR_HELD] if published.execute(_POPULAR).fetchall() else []
    published.execute(f"create temp view held as {' union all by name '.join(held)}")
    published.execute(_HEADINGS)
    arrays.write_texts(folder, "headings", arrays.texts(published, _HEADING_TEXTS))
    published.execute(_SHELF)
    arrays.write_columns(
        published,
        "select heading from shelf order by place",
        folder,
        "playlists",
        {"heading": np.int32},
    )
    counted = published.sql(_COUNTED).fetchnumpy()
    arrays.write_starts(folder / "playlists.of_user", _by_user(folder, counted))
    reasons = [reason for (reason,) in published.sql("select distinct reason from held").fetchall()]
    _write_tracks(published, folder, reasons)
    return PlaylistBatch(day=day, model_version=version, reasons=reasons)


def _by_user(folder: Path, counted: dict[str, Any]) -> npt.NDArray[np.int64]:
    """Return how many playlists each user has, in the order of `users.ids`, and everybody."""
    users = np.fromfile(folder / "users.ids", np.int32)
    by_user = np.zeros(len(users) + 1, np.int64)
    everybody = np.ma.getmaskarray(counted["user_id"])
    by_user[-1] = counted["playlists"][everybody].sum()
    by_user[np.searchsorted(users, counted["user_id"][~everybody])] = counted["playlists"][
        ~everybody
    ]
    return by_user


def _write_tracks(published: duckdb.DuckDBPyConnection, folder: Path, reasons: list[str]) -> None:
    counts = np.zeros((folder / "playlists.heading").stat().st_size // 4, np.int64)
    with ExitStack() as stack:
        opened = {
            column: stack.enter_context((folder / f"playlist_tracks.{column}").open("wb"))
            for column in _OF_TRACK
        }
        found = published.execute(_TRACKS, {"reasons": reasons})
        for batch in found.to_arrow_reader(arrays.BATCH):
            playlists, those = np.unique(batch.column("playlist").to_numpy(), return_counts=True)
            counts[playlists] += those
            for column, kind in _OF_TRACK.items():
                arrays.write(opened[column], batch, column, kind)
    arrays.write_starts(folder / "playlists.starts", counts)
