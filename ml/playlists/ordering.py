"""The order of a playlist: neighbours go together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ml.data.interactions import Floats, Ints
    from ml.playlists.selection import Selection

_AT_A_TIME = 2_000  # playlists of 30 tracks: 16 MB


def in_order(playlists: Selection, factors: Floats) -> Selection:
    """Begin each playlist with its best track; each next one is the nearest that is left.

    Args:
        playlists: Their tracks, the best first.
        factors: Tracks x dimensions; the cosine says how near two tracks are. Where several are
            as near, the better one comes first.

    Returns:
        The same playlists, their tracks in order.

    """
    parts = [
        _chain(playlists.tracks[begin : begin + _AT_A_TIME], factors)
        for begin in range(0, len(playlists), _AT_A_TIME)
    ]
    order = np.concatenate(parts) if parts else np.zeros_like(playlists.tracks)
    return replace(
        playlists,
        tracks=np.take_along_axis(playlists.tracks, order, axis=1),
        reason=np.take_along_axis(playlists.reason, order, axis=1),
    )


def _chain(tracks: Ints, factors: Floats) -> Ints:
    """Return, for each playlist, the former places of its tracks in their new order."""
    is_left = tracks >= 0
    there = factors[np.maximum(tracks, 0)]
    near = np.matmul(there, there.transpose(0, 2, 1))
    row = np.arange(len(tracks))
    order = np.tile(np.arange(tracks.shape[1]), (len(tracks), 1))
    last = np.zeros(len(tracks), np.int64)
    for place in range(1, tracks.shape[1]):
        is_left[row, last] = False
        more = is_left.any(axis=1)
        # A cosine of the same two rows differs in its last bits by the size of a block.
        nearness = np.where(is_left, np.round(near[row, last], 4), -np.inf)
        last = np.where(more, np.argmax(nearness, axis=1), last)
        order[more, place] = last[more]
    return order
