"""Exposure: the share of the time in which each track could be played."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ml.data.interactions import Floats, Interactions

CAUTION = 0.2
"""Listens that every track is given at the very beginning: one late one proves no novelty."""


def exposure(data: Interactions) -> Floats:
    """Return of each track the share of all listens that came since it can have been played.

    What came since its first listener understates it, the more so the fewer they are: n who come
    evenly over a span leave 1 / (n + 1) of it before the first. Without instants it is 1.
    """
    tracks = data.shape[1]
    if data.last_played is None or not data.plays.nnz:
        return np.ones(tracks, np.float32)
    at, columns = data.last_played.astype(np.int64), data.plays.indices
    listeners = np.bincount(columns, minlength=tracks)
    first = np.where(listeners > 0, at.max(), at.min())
    np.minimum.at(first, columns, at)
    since = 1 - np.searchsorted(np.sort(at), first) / len(at)
    share = (since * (listeners + 1) + CAUTION) / (listeners + CAUTION)
    there: Floats = np.minimum(share, 1).astype(np.float32)
    return there
