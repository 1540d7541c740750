"""Feedback as a published file has it."""

from datetime import datetime

import duckdb
import numpy as np

from ml.data.interactions import interactions
from ml.data.published_feedback import hidden_tracks, reactions, reported
from ml.data.reactions import LIKE, SKIP, UNLIKE

NONE = np.zeros(0, np.int64)
KNOWN = interactions(np.array([1, 2]), np.array([7, 8, 9]), NONE, NONE, np.zeros(0))


EVENTS = """
    create table fact_feedback as
    select * from (values
        (1, 1, 7, 'hide', timestamp '2026-01-01'),
        (2, 1, 8, 'unhide', timestamp '2026-01-02'),
        (3, 1, 8, 'hide', timestamp '2026-01-01'),
        (4, 2, 9, 'unhide', timestamp '2026-01-01'),
        (5, 2, 9, 'hide', timestamp '2026-01-01'),
        (6, 2, 7, 'like', timestamp '2026-01-01'),
        (7, 3, 7, 'hide', timestamp '2026-01-01'),
        (8, 1, 99, 'hide', timestamp '2026-01-01'),
        (9, 2, 8, 'unlike', timestamp '2026-01-03'),
        (10, 2, 8, 'like', timestamp '2026-01-02'),
        (11, 1, 9, 'skip', timestamp '2026-01-03'),
        (12, 1, 9, 'skip', timestamp '2026-01-09'),
        (13, 3, 9, 'like', timestamp '2026-01-01'),
        (14, 1, 99, 'like', timestamp '2026-01-01')
    ) as events (event_id, user_id, track_id, kind, happened_at)
"""
CUT_OFF = datetime(2026, 1, 5)


def test_what_happened_last_decides_and_unknown_ones_are_left_out() -> None:
    with duckdb.connect() as published:
        published.execute(EVENTS)
        found = hidden_tracks(published, KNOWN)
        told = reported(published, KNOWN, CUT_OFF)
    assert found.toarray().tolist() == [[True, False, False], [False, False, True]]
    assert told is not None
    events = zip(told.user, told.track, told.kind, strict=True)
    assert [*events] == [(1, 0, LIKE), (1, 1, LIKE), (1, 1, UNLIKE), (0, 2, SKIP)]
    reacted = told.before(np.datetime64(CUT_OFF), KNOWN.shape)
    assert reacted is not None
    assert reacted.liked.toarray().tolist() == [[0, 0, 0], [1, 0, 0]]
    assert reacted.skips.toarray().tolist() == [[0, 0, 1], [0, 0, 0]]


def test_an_older_publication_has_none() -> None:
    with duckdb.connect() as published:
        assert hidden_tracks(published, KNOWN).nnz == 0
        assert reported(published, KNOWN, CUT_OFF) is None
        assert reactions(published, CUT_OFF, KNOWN.users, KNOWN.tracks) is None
        published.execute("create schema features")
        published.execute("create table features.feature_user_track (as_of timestamp)")
        assert reactions(published, CUT_OFF, KNOWN.users, KNOWN.tracks) is None
