"""Features and listens as the published file has them, ready for a model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.data.features import FEWEST, features_of
from ml.data.interactions import Interactions, interactions, places_of
from ml.data.listens import Listens
from ml.data.published_feedback import reactions, reported

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb
    import numpy.typing as npt

    from ml.data.interactions import Features, Floats, Ids, Instants, Ints

TRACK_COLUMNS = ("artist", "genres", "album")
USER_COLUMNS = ("favorite_genre",)
GENRES = ("genres", "favorite_genre")
"""Columns whose text may be several values; an artist's or an album's name is one."""
_SEPARATORS = ("|", ";", ",")
_USERS, _TRACKS = "features.feature_users", "features.feature_tracks"
_ROWS = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The features at a cut-off: who played what, and the metadata of users and tracks."""

    as_of: datetime
    data: Interactions
    artists: Ints
    """Of each track, a number for its artist; tracks without one have a number each."""


def snapshot(
    published: duckdb.DuckDBPyConnection, as_of: datetime, with_those_of: datetime | None = None
) -> Snapshot:
    """Read all features of one cut-off; users and tracks in the order of their ids.

    Users and tracks that came until a later cut-off, `with_those_of`, are there without plays.

    Args:
        published: the published file.
        as_of: the cut-off.
        with_those_of: a later cut-off, whose further users and tracks are there without plays.

    """
    both = [as_of, with_those_of or as_of]
    users = _columns(published, _USERS, "user_id", USER_COLUMNS, both)
    tracks = _columns(published, _TRACKS, "track_id", TRACK_COLUMNS, both)
    return _snapshot(published, as_of, users, tracks)


def present(published: duckdb.DuckDBPyConnection, as_of: datetime) -> Snapshot:
    """Read all features of the newest cut-off, and every user and track that the marts have.

    Members of the marts that the features do not know are there without features and plays. What
    one user or track alone has counts too: it may be the only one.
    """
    users = f"(from {_USERS} union all by name {_without_features('user')})"
    tracks = f"(from {_TRACKS} union all by name {_without_features('track')})"
    both = [as_of, as_of]
    return _snapshot(
        published,
        as_of,
        _columns(published, users, "user_id", USER_COLUMNS, both),
        _columns(published, tracks, "track_id", TRACK_COLUMNS, both),
        fewest=1,
    )


def _without_features(which: str) -> str:
    """Return the query of the members that have none, as a row of each cut-off."""
    key, features = f"{which}_id", f"features.feature_{which}s"
    return (
        f"select {key}, as_of from dim_{which}s cross join (select distinct as_of from {features})"
        f" where ({key}, as_of) not in (select ({key}, as_of) from {features})"
    )


def _snapshot(
    published: duckdb.DuckDBPyConnection,
    as_of: datetime,
    users: dict[str, Any],
    tracks: dict[str, Any],
    fewest: int = FEWEST,
) -> Snapshot:
    user_ids, track_ids = _ids(users["user_id"]), _ids(tracks["track_id"])
    user, track, plays, decayed, last_played = _pairs(published, as_of, user_ids, track_ids)
    data = interactions(
        user_ids,
        track_ids,
        user,
        track,
        plays,
        last_played=last_played,
        user_features=_features(users, USER_COLUMNS, fewest),
        track_features=_features(tracks, TRACK_COLUMNS, fewest),
        reactions=reactions(published, as_of, user_ids, track_ids),
    )
    return Snapshot(as_of, replace(data, decayed=decayed), _numbered(tracks["artist"]))


def listens(published: duckdb.DuckDBPyConnection, known: Interactions, until: datetime) -> Listens:
    """Read every listen before `until` of the users and tracks of `known`, in a fixed order.

    Args:
        published: the published file.
        known: whose users and tracks are read, with their features.
        until: the first instant that is left out.

    """
    rows: dict[str, Any] = published.execute(
        "select user_id, track_id, listened_at from fact_listen_history where listened_at < ?"
        " order by listened_at, user_id, session_position",
        [until],
    ).fetchnumpy()
    users = places_of(known.users, rows["user_id"])
    tracks = places_of(known.tracks, rows["track_id"])
    is_known = (users >= 0) & (tracks >= 0)
    return Listens(
        known.users,
        known.tracks,
        users[is_known],
        tracks[is_known],
        np.ones(int(is_known.sum()), np.float32),
        rows["listened_at"][is_known].astype("datetime64[us]"),
        known.user_features,
        known.track_features,
        reported(published, known, until),
    )


def _pairs(
    published: duckdb.DuckDBPyConnection, as_of: datetime, users: Ids, tracks: Ids
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Floats, Floats, Instants]:
    """Read who played what, a part at a time: as one result it would be held three times over.

    Returns the places in `users` and `tracks`, in their order; how often; that, decayed; when last.
    """
    of_then = "from features.feature_user_track where as_of = ? and plays > 0"
    number = published.execute(f"select count(*) {of_then}", [as_of]).fetchall()[0][0]
    user, track = np.empty(number, np.int32), np.empty(number, np.int32)
    plays, decayed = np.empty(number, np.float32), np.empty(number, np.float32)
    last_played = np.empty(number, "datetime64[us]")
    reader = published.execute(
        f"select user_id, track_id, plays, decayed_weight, last_played_at {of_then}"
        " order by user_id, track_id",
        [as_of],
    ).to_arrow_reader(_ROWS)
    end = 0
    for part in reader:
        its = slice(end, end := end + part.num_rows)
        user_id, track_id, plays[its], decayed[its], last_played[its] = (
            column.to_numpy() for column in part
        )
        user[its], track[its] = np.searchsorted(users, user_id), np.searchsorted(tracks, track_id)
    return user, track, plays, decayed, last_played


def _columns(
    published: duckdb.DuckDBPyConnection,
    table: str,
    key: str,
    names: tuple[str, ...],
    as_of: list[datetime],
) -> dict[str, Any]:
    """Read a row per key, of the earliest of the cut-offs that has it."""
    return published.execute(
        f"select {key}, {', '.join(names)} from {table} where as_of in (?, ?)"
        f" qualify row_number() over (partition by {key} order by as_of) = 1 order by {key}",
        as_of,
    ).fetchnumpy()


def _features(
    columns: dict[str, Any], names: tuple[str, ...], fewest: int = FEWEST
) -> Features | None:
    values = {name: _values(columns[name]) for name in names}
    return features_of(values, split_on=_SEPARATORS, split=GENRES, fewest=fewest)


def _values(cells: npt.NDArray[Any]) -> list[Any]:
    """Return a column as a list, None where a cell is missing."""
    values: list[Any] = np.ma.filled(np.ma.asarray(cells, object), None).tolist()
    return values


def _ids(values: npt.NDArray[Any]) -> Ids:
    ids: Ids = np.asarray(values).astype(np.int64)
    return ids


def _numbered(artists: npt.NDArray[Any]) -> Ints:
    names = _values(artists)
    known: dict[object, int] = {}
    free = -1
    numbers = np.empty(len(names), np.int64)
    for row, name in enumerate(names):
        if name is None:
            numbers[row], free = free, free - 1
        else:
            numbers[row] = known.setdefault(name, len(known))
    return numbers
