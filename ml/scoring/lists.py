"""A whole list of tracks for each user.

First come the tracks that the champion ranks, then those that it does not know, ranked by the
baseline, and where nothing else is left those that the user heard lately.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml.scoring.picking import pick

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Floats, Ints
    from ml.models.bundle import Aligned
    from ml.settings import MlSettings


def whole_lists(  # noqa: PLR0913, PLR0917 - whose lists, by which scores, of what length
    scorer: Aligned,
    scores: Floats,
    heard: csr_matrix,
    hidden: csr_matrix,
    rows: Ints,
    artists: Ints,
    settings: MlSettings,
) -> tuple[Ints, Floats]:
    """Choose the tracks of some users.

    Args:
        scorer: What scores all users and tracks.
        scores: What it says of some users; what they hid or heard lately is taken out, in place.
        heard: These users x tracks: stored where heard lately.
        hidden: The same, stored where the user hid the track.
        rows: The users, by their rows in `scorer`, in the order of `heard`.
        artists: Of each track, the number of its artist.
        settings: How long a list is, and how many tracks of an artist come before all others.

    Returns:
        Users x tracks of a list, the best first, and their scores.

    """
    k, per_artist = settings.recommend_k, settings.per_artist
    chosen, points = pick(_without(_without(scores, heard), hidden), artists, k, per_artist)
    for is_last in (False, True):
        short = np.flatnonzero((chosen < 0).any(axis=1))
        if not len(short):
            break
        others = _without(scorer.baseline.scores(rows[short]), hidden[short])
        if not is_last:
            others = _without(others, heard[short])
        row, place = np.nonzero(chosen[short] >= 0)
        others[row, chosen[short][row, place]] = -np.inf
        more, worth = pick(others, artists, k, per_artist)
        chosen[short], points[short] = _joined(chosen[short], more, points[short], worth)
    return chosen, points


def _without(scores: Floats, cells: csr_matrix) -> Floats:
    """Set the stored cells to minus infinity, in place."""
    scores[np.repeat(np.arange(len(scores)), np.diff(cells.indptr)), cells.indices] = -np.inf
    return scores


def _joined(first: Ints, more: Ints, points: Floats, worth: Floats) -> tuple[Ints, Floats]:
    """Fill the empty places at the end of each row of `first` with the first ones of `more`.

    They count for no more than what they stand behind: along a list, scores never rise.
    """
    both = np.concatenate([first, more], axis=1)
    order = np.argsort(both < 0, axis=1, kind="stable")[:, : first.shape[1]]
    scores = np.concatenate([points, worth], axis=1)
    shown = np.take_along_axis(scores, order, axis=1)
    return np.take_along_axis(both, order, axis=1), np.minimum.accumulate(shown, axis=1)
