"""Choice of a list's tracks: the best by score, but not too many of one artist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml.evaluation.ranking import best

if TYPE_CHECKING:
    from ml.data.interactions import Floats, Ints

# So many candidates per place in the list: enough that one artist's tracks can be passed over.
CANDIDATES = 4


def pick(scores: Floats, artists: Ints, k: int, per_artist: int) -> tuple[Ints, Floats]:
    """Return each row's k columns, best first, and their scores; -1 where none is left.

    At most `per_artist` of one artist come before all others; what was passed over follows where
    the list would be shorter without, and counts for no more than what it stands behind: along a
    list, scores never rise.

    Args:
        scores: users x tracks.
        artists: of each track, the number of its artist.
        k: places of a list.
        per_artist: tracks of one artist that come before all others.

    """
    candidates = best(scores, k * CANDIDATES)
    there = candidates >= 0
    points = np.take_along_axis(scores, np.maximum(candidates, 0), axis=1)
    number = _number_of_its_kind(artists[np.maximum(candidates, 0)])
    # Kept first, then passed over, then empty places; within each, by score.
    group = np.where(there, (number >= per_artist).astype(np.int64), 2)
    order = np.argsort(group, axis=1, kind="stable")[:, :k]
    chosen: Ints = np.take_along_axis(candidates, order, axis=1)
    shown = np.take_along_axis(points, order, axis=1)
    return chosen, np.minimum.accumulate(shown, axis=1)


def _number_of_its_kind(values: Ints) -> Ints:
    """Return, for each cell, how many equal ones stand before it in its row."""
    rows, width = values.shape
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    begins = np.ones((rows, width), np.bool_)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = np.maximum.accumulate(np.where(begins, np.arange(width), 0), axis=1)
    number = np.empty((rows, width), np.int64)
    np.put_along_axis(number, order, np.arange(width) - first, axis=1)
    return number
