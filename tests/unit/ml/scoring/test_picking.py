"""Lists of some variety: their order, and the scores that they show."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.scoring.picking import pick


@settings(deadline=None)
@given(
    seed=st.integers(0, 10**6),
    tracks=st.integers(1, 60),
    artists=st.integers(1, 8),
    k=st.integers(1, 20),
    per_artist=st.integers(1, 4),
)
def test_scores_never_rise_along_a_list(
    seed: int, tracks: int, artists: int, k: int, per_artist: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(9, size=(5, tracks)).astype(np.float32)
    chosen, shown = pick(scores, rng.integers(artists, size=tracks), k, per_artist)
    assert (chosen >= 0).any()
    for row in range(5):
        there = shown[row][chosen[row] >= 0]
        assert (np.diff(there) <= 0).all()
        assert len(set(chosen[row][chosen[row] >= 0])) == len(there) == min(k, tracks)


def test_a_track_that_was_passed_over_shows_no_more_than_the_one_before_it() -> None:
    chosen, shown = pick(np.array([[9.0, 8.0, 7.0, 1.0]], np.float32), np.array([0, 0, 0, 1]), 4, 2)
    assert chosen.tolist() == [[0, 1, 3, 2]]
    assert shown.tolist() == [[9.0, 8.0, 1.0, 1.0]]
