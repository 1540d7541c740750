"""Playlists of what a user played before: `on_repeat` and `rewind`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml.playlists.playlist_kinds import (
    ON_REPEAT,
    PER_ARTIST,
    PLAYED_LATELY,
    PLAYED_OFTEN,
    REWIND,
)
from ml.playlists.selection import Selection, selection, top_cells

if TYPE_CHECKING:
    from ml.data.interactions import Flags, Ints
    from ml.playlists.candidates import Candidates, Played

LOVED_PLAYS = 2
"""A track that was played once may have been an accident."""
NOT_LATELY = np.timedelta64(28, "D")
_LATELY = np.timedelta64(7, "D")


def on_repeat(some: Candidates, now: np.datetime64, k: int) -> Selection:
    """Choose what each user is likely to play again soon.

    Args:
        some: The candidates of each user.
        now: The instant of the recommendations.
        k: How many tracks at most.

    """
    played = some.played
    tracks = top_cells(played.user, played.track, played.again, some.users, k)
    is_late = _of_cells(played, played.last_played >= now - _LATELY, tracks)
    reason = np.where(is_late, PLAYED_LATELY, PLAYED_OFTEN)
    return selection(ON_REPEAT, some.rows, tracks, reason)


def rewind(some: Candidates, artists: Ints, now: np.datetime64, k: int) -> Selection:
    """Choose what each user played more than once, the most played first, and not for 4 weeks.

    Args:
        some: The candidates of each user.
        artists: The artist of each track, shape (tracks,); -1 where unknown.
        now: The instant of the recommendations.
        k: How many tracks at most.

    """
    played = some.played
    is_lost = (played.plays >= LOVED_PLAYS) & (played.last_played < now - NOT_LATELY)
    lost = played.of(np.flatnonzero(is_lost))
    # Among equal plays the longest lost comes last: it is the least sure to be liked still.
    score = lost.plays + lost.decayed / (1 + lost.plays)
    cells = lost.user, lost.track, score
    tracks = top_cells(*cells, some.users, k, artists, PER_ARTIST)
    return selection(REWIND, some.rows, tracks, PLAYED_OFTEN)


def _of_cells(played: Played, flag: Flags, tracks: Ints) -> Flags:
    """Return, for each chosen track, the flag of its pair."""
    width = max(int(played.track.max(initial=0)), int(tracks.max(initial=0))) + 1
    flagged = np.flatnonzero(flag)
    there = played.user[flagged] * width + played.track[flagged]
    row = np.arange(len(tracks))[:, None]
    flags: Flags = np.isin(row * width + tracks, there) & (tracks >= 0)
    return flags
