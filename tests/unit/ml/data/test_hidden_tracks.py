"""Hidden tracks as a published file has them."""

import duckdb
import numpy as np

from ml.data.hidden_tracks import hidden_tracks
from ml.data.interactions import interactions

NONE = np.zeros(0, np.int64)
KNOWN = interactions(np.array([1, 2]), np.array([7, 8, 9]), NONE, NONE, np.zeros(0))


def test_what_happened_last_decides_and_unknown_ones_are_left_out() -> None:
    with duckdb.connect() as published:
        published.execute(
            """
            create table fact_feedback as
            select * from (values
                (1, 1, 7, 'hide', timestamp '2026-01-01'),
                (2, 1, 8, 'unhide', timestamp '2026-01-02'),
                (3, 1, 8, 'hide', timestamp '2026-01-01'),
                (4, 2, 9, 'unhide', timestamp '2026-01-01'),
                (5, 2, 9, 'hide', timestamp '2026-01-01'),
                (6, 2, 7, 'like', timestamp '2026-01-01'),
                (7, 3, 7, 'hide', timestamp '2026-01-01'),
                (8, 1, 99, 'hide', timestamp '2026-01-01')
            ) as events (event_id, user_id, track_id, kind, happened_at)
            """
        )
        found = hidden_tracks(published, KNOWN)
    assert found.toarray().tolist() == [[True, False, False], [False, False, True]]


def test_an_older_publication_has_none() -> None:
    with duckdb.connect() as published:
        assert hidden_tracks(published, KNOWN).nnz == 0
