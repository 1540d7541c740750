"""Playlists of what a user never played: `discover` and `release_radar`; and what is popular."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml.playlists.candidates import cells, of_tracks
from ml.playlists.playlist_kinds import (
    DISCOVER,
    PER_ARTIST,
    POPULAR,
    RECOMMENDED,
    RELEASE_RADAR,
)
from ml.playlists.selection import Selection, selection, varied

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Flags, Floats, Ints
    from ml.models.baseline import Baseline
    from ml.models.bundle import Aligned
    from ml.playlists.candidates import Candidates

RESTS = 3
"""Of what was shown yesterday and not listened to, one of so many rests today."""


def discover(some: Candidates, artists: Ints, shown: csr_matrix, k: int) -> Selection:
    """Choose the best of what each user never played, less what rests today.

    Args:
        some: What may be given, and its scores.
        artists: Of each track, the number of its artist.
        shown: All users x tracks: stored where `discover` showed it yesterday.
        k: Tracks of a playlist.

    Returns:
        The playlists.

    """
    user, track = resting(some, shown)
    kept = some.scores[user, track]
    some.scores[user, track] = -np.inf
    tracks = varied(some.scores, artists, k, PER_ARTIST)
    some.scores[user, track] = kept
    return selection(DISCOVER, some.rows, tracks, RECOMMENDED)


def resting(some: Candidates, shown: csr_matrix) -> tuple[Ints, Ints]:
    """Return the user and track of each cell that rests: a third of what was shown, rounded up.

    It is every third track by today's scores, from the best on, so that no track is shown for
    days on end. Where there is nothing else a track goes on to be shown.
    """
    user, at = cells(shown, some.rows)
    track = shown.indices[at].astype(np.int64)
    score = some.scores[user, track]
    is_left = np.isfinite(score)
    user, track, score = user[is_left], track[is_left], score[is_left]
    order = np.lexsort((track, -score, user))
    user, track = user[order], track[order]
    place = np.arange(len(user)) - np.searchsorted(user, np.arange(some.users))[user]
    choice = np.count_nonzero(np.isfinite(some.scores), axis=1)
    rests = (place % RESTS == 0) & (choice[user] > 1)
    return user[rests], track[rests]


def release_radar(
    some: Candidates, scorer: Aligned, artists: Ints, is_new: Flags, k: int
) -> Selection:
    """Choose the new tracks that fit each user best.

    Args:
        some: What may be given, and its scores.
        scorer: Whose scores they are.
        artists: Of each track, the number of its artist.
        is_new: Of each track, whether it is new.
        k: Tracks of a playlist.

    Returns:
        The playlists.

    """
    new = np.flatnonzero(is_new)
    chosen = varied(_scores_of_new(some, scorer, new), artists[new], k, PER_ARTIST)
    tracks = np.where(chosen >= 0, new[np.maximum(chosen, 0)], -1) if len(new) else chosen
    return selection(RELEASE_RADAR, some.rows, tracks, RECOMMENDED)


def popular(baseline: Baseline, artists: Ints, k: int) -> Selection:
    """Choose what most people played lately: one playlist for everybody.

    Args:
        baseline: The baseline, which knows what is popular.
        artists: The artist of each track, shape (tracks,); -1 where unknown.
        k: How many tracks at most.

    """
    tracks = varied(baseline.listeners[None, :].copy(), artists, k, PER_ARTIST)
    return selection(POPULAR, np.array([-1]), tracks, RECOMMENDED)


def _scores_of_new(some: Candidates, scorer: Aligned, new: Ints) -> Floats:
    """Return users x new tracks, with what a learned champion does not know among the others.

    The newest tracks came after it was trained. Their scores are the baseline's, with the mean and
    the deviation that the champion's have where both know the tracks.
    """
    scores = some.scores[:, new]
    unknown = scorer.columns[new] < 0
    learned = np.flatnonzero(scorer.rows[some.rows] >= 0)
    if unknown.all() or not unknown.any() or not len(learned):
        return scores
    own = scores[learned]
    others = of_tracks(scorer.baseline, new).scores(some.rows[learned])
    both = np.isfinite(own) & ~unknown
    mean, deviation = _moments(own, both)
    their_mean, their_deviation = _moments(others, both)
    placed = mean + (others - their_mean) * deviation / np.maximum(their_deviation, 1e-6)
    own = np.where(np.isfinite(own) & unknown, placed, own)
    scores[learned] = own
    return scores


def _moments(scores: Floats, which: Flags) -> tuple[Floats, Floats]:
    """Return the mean and the deviation of some scores of each row; 0 where there are none."""
    number = np.maximum(which.sum(axis=1, keepdims=True), 1)
    some = np.where(which, scores, 0)
    mean = some.sum(axis=1, keepdims=True) / number
    squares = np.square(np.where(which, scores - mean, 0)).sum(axis=1, keepdims=True)
    return mean, np.sqrt(squares / number)
