"""Feedback as the published file has it: hidden tracks, likes and skips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ml.data.interactions import places_of
from ml.data.reactions import KINDS, Reported, reactions_of

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Ids, Interactions
    from ml.data.reactions import Reactions

# What happened last decides, as in the serving API.
_HIDDEN = """
    select user_id, track_id
    from (
        select
            user_id, track_id, kind,
            row_number() over (
                partition by user_id, track_id order by happened_at desc, event_id desc
            ) as recency
        from fact_feedback
        where kind in ('hide', 'unhide')
    )
    where recency = 1 and kind = 'hide'
    order by all
"""
_REACTIONS = """
    select user_id, track_id, is_liked, skips
    from features.feature_user_track
    where as_of = ? and (is_liked or skips > 0)
    order by user_id, track_id
"""
_REPORTED = f"""
    select user_id, track_id, list_position({list(KINDS)}, kind) - 1 as kind, happened_at
    from fact_feedback
    where kind in {KINDS} and happened_at < ?
    order by happened_at, event_id
"""


def hidden_tracks(published: duckdb.DuckDBPyConnection, known: Interactions) -> csr_matrix:
    """Return users x tracks: stored where a user hid a track."""
    from scipy.sparse import csr_matrix

    found = _columns(published, _HIDDEN)
    if found is None:
        return csr_matrix(known.shape, dtype=np.bool_)
    user = places_of(known.users, found["user_id"])
    track = places_of(known.tracks, found["track_id"])
    is_known = (user >= 0) & (track >= 0)
    cells = (np.ones(is_known.sum(), np.bool_), (user[is_known], track[is_known]))
    return csr_matrix(cells, shape=known.shape)


def reactions(
    published: duckdb.DuckDBPyConnection, as_of: datetime, users: Ids, tracks: Ids
) -> Reactions | None:
    """Read the likes and skips of a cut-off.

    Args:
        published: The published file.
        as_of: The cut-off, one that has features.
        users: The ids of the rows, sorted.
        tracks: The ids of the columns, sorted.

    Returns:
        The reactions; none: there are none, or the features are older than feedback.

    """
    found = _columns(published, _REACTIONS, as_of)
    if found is None:
        return None
    return reactions_of(
        places_of(users, found["user_id"]),
        places_of(tracks, found["track_id"]),
        found["is_liked"].astype(np.bool_),
        found["skips"],
        (len(users), len(tracks)),
    )


def reported(
    published: duckdb.DuckDBPyConnection, known: Interactions, until: datetime
) -> Reported | None:
    """Read every like, unlike and skip before `until` of the users and tracks of `known`.

    Args:
        published: A connection to the published file.
        known: The users and tracks that count.
        until: The cut-off, excluded.

    """
    found = _columns(published, _REPORTED, until)
    if found is None or not len(found["kind"]):
        return None
    user = places_of(known.users, found["user_id"])
    track = places_of(known.tracks, found["track_id"])
    is_known = (user >= 0) & (track >= 0)
    at = found["happened_at"].astype("datetime64[us]")
    kind = found["kind"][is_known]
    return Reported(user[is_known], track[is_known], kind, at[is_known])


def _columns(
    published: duckdb.DuckDBPyConnection, query: str, *values: datetime
) -> dict[str, Any] | None:
    """Read the columns of a query; none: the publication is older than what it asks for."""
    import duckdb

    try:
        found = published.execute(query, list(values)).fetchnumpy()
    except (duckdb.CatalogException, duckdb.BinderException):
        return None
    return {name: np.asarray(column) for name, column in found.items()}
