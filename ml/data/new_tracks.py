"""New tracks: released or first seen lately."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from ml.data.interactions import Flags, Ids

NEW_DAYS = 28
_NEW = f"""
with

tracks as (

    select
        track_id,
        max(created_at) as released_at,
        min(etl_updated_at) as seen_at,
        -- They may have been in the app for years, and their listens are from then on.
        seen_at = min(seen_at) over () as is_of_first_load
    from dim_tracks_history
    group by track_id

)

select track_id
from tracks
where
    released_at <= $now
    and (seen_at <= $now or is_of_first_load)
    and (
        released_at > $now - interval {NEW_DAYS} day
        or (seen_at > $now - interval {NEW_DAYS} day and not is_of_first_load)
    )
order by track_id
"""


def is_new(published: duckdb.DuckDBPyConnection, tracks: Ids, now: datetime) -> Flags:
    """Return, for each of `tracks`, whether it was new at an instant and known then.

    Args:
        published: A connection to the published file.
        tracks: Track ids, shape (tracks,).
        now: The instant.

    """
    found = published.execute(_NEW, {"now": now}).fetchnumpy()["track_id"]
    new: Flags = np.isin(tracks, np.asarray(found))
    return new
