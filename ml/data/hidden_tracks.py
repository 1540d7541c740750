"""The tracks that users hid, as the published file knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml.data.interactions import places_of

if TYPE_CHECKING:
    import duckdb
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Interactions

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


def hidden_tracks(published: duckdb.DuckDBPyConnection, known: Interactions) -> csr_matrix:
    """Return users x tracks: stored where a user hid a track."""
    import duckdb
    from scipy.sparse import csr_matrix

    try:
        found = published.execute(_HIDDEN).fetchnumpy()
    except duckdb.CatalogException:  # published before there was feedback
        return csr_matrix(known.shape, dtype=np.bool_)
    user = places_of(known.users, np.asarray(found["user_id"]))
    track = places_of(known.tracks, np.asarray(found["track_id"]))
    is_known = (user >= 0) & (track >= 0)
    cells = (np.ones(is_known.sum(), np.bool_), (user[is_known], track[is_known]))
    return csr_matrix(cells, shape=known.shape)
