"""What `discover` showed on the day before, as the published marts have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from ml.data.interactions import places_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import duckdb

    from ml.data.interactions import Ids, Interactions, Ints

_BATCH = "select day, run_id from playlist_batches where day < $day order by day desc limit 1"
_TRACKS = """
    select playlist_tracks.user_id, track_id
    from playlist_tracks
    inner join playlists using (playlist_id, day)
    where kind = 'discover' and day = $day
"""
_ROWS = 500_000
_NOTHING = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class ShownBefore:
    """The tracks of the newest `discover` of an earlier day, and the run that made it."""

    run_id: str | None
    tracks: csr_matrix
    """Users x tracks: stored where the track was shown."""


def shown_before(
    published: duckdb.DuckDBPyConnection, day: date, known: Interactions
) -> ShownBefore:
    """Read what `discover` showed on the newest day before `day` that has playlists.

    The marts say which batch of that day counts; what was not published was not shown.

    Args:
        published: The published file.
        day: Of the run's clock.
        known: The users and the tracks of today. What is not known any more is left out.

    Returns:
        The tracks; none, and no run, where there are no earlier playlists.

    """
    import duckdb

    try:
        found = published.execute(_BATCH, {"day": day}).fetchone()
    except duckdb.CatalogException:  # published before there were playlists
        found = None
    parts = list(_cells(published, found[0], known.users, known.tracks)) if found else []
    user, track = (np.concatenate([_NOTHING, *(part[at] for part in parts)]) for at in (0, 1))
    shown = csr_matrix((np.ones(len(user), np.bool_), (user, track)), shape=known.shape)
    shown.sort_indices()
    return ShownBefore(found[1] if found else None, shown)


def _cells(
    published: duckdb.DuckDBPyConnection, day: date, users: Ids, tracks: Ids
) -> Iterator[tuple[Ints, Ints]]:
    for part in published.execute(_TRACKS, {"day": day}).to_arrow_reader(_ROWS):
        user = places_of(users, part["user_id"].to_numpy())
        track = places_of(tracks, part["track_id"].to_numpy())
        is_known = (user >= 0) & (track >= 0)
        yield user[is_known], track[is_known]
