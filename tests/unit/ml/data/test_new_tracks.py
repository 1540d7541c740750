"""Which tracks are new at an instant: released or first seen in the 28 days before it."""

from datetime import datetime, timedelta

import duckdb
import numpy as np
import pytest

from ml.data.new_tracks import is_new

FIRST_LOAD = datetime(2026, 3, 1)
# Track: its release, and when a load first brought it.
TRACKS = {
    1: (datetime(2025, 1, 1), FIRST_LOAD),
    2: (datetime(2026, 1, 20), FIRST_LOAD),
    3: (datetime(2026, 2, 25), FIRST_LOAD),
    4: (datetime(2025, 6, 1), datetime(2026, 3, 10)),  # old, but the app has it only now
    5: (datetime(2026, 3, 9), datetime(2026, 3, 10)),
}


@pytest.mark.parametrize(
    ("now", "new"),
    [
        # Before the first load: what it brought was there from its release on.
        (datetime(2026, 1, 10), set()),
        (datetime(2026, 2, 1), {2}),
        (FIRST_LOAD, {3}),
        # After it: what a later load brought is new, whenever it was released.
        (datetime(2026, 3, 10), {3, 4, 5}),
        (datetime(2026, 3, 10) + timedelta(days=28), set()),
    ],
)
def test_a_track_is_new_by_its_release_or_by_the_load_that_first_brought_it(
    now: datetime, new: set[int]
) -> None:
    with duckdb.connect() as published:
        published.execute(
            "create table dim_tracks_history"
            " (track_id integer, created_at timestamp, etl_updated_at timestamp)"
        )
        for track, (released, seen) in TRACKS.items():
            published.execute(
                "insert into dim_tracks_history values (?, ?, ?)", [track, released, seen]
            )
        found = is_new(published, np.array(list(TRACKS)), now)
    assert {track for track, its in zip(TRACKS, found, strict=True) if its} == new
