"""What a user is likely to play again soon: a decayed model of the user's own plays.

The score of a track is the sum of its plays, each counting half after 14 days, of a little of each
play however long ago, and of how near the track is to what else the user plays. The weights were
chosen on some apps, and tested on others (docs/decisions/0047-a-shorter-half-life-of-repeats.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ml.data.interactions import Floats, Ints
    from ml.models.baseline import Baseline

LONG_TERM = 0.1
"""Of each play, however long ago."""
NEIGHBOURHOOD = 0.03
"""Of the similarity to the user's other tracks, each by its weight."""


def repeats(  # noqa: PLR0913, PLR0917 - pairs, by their parts
    baseline: Baseline, rows: Ints, user: Ints, track: Ints, plays: Floats, decayed: Floats
) -> Floats:
    """Return how likely each pair is to be played again soon; compares within a user only.

    Args:
        baseline: Fitted on the data of the pairs.
        rows: The users, by their rows in that data.
        user: Of each pair, the place of its user in `rows`.
        track: Of each pair.
        plays: Of each pair.
        decayed: Of each pair, its plays, each counting half after 14 days.

    Returns:
        A score per pair.

    """
    # As large as the scores of these users: a search among stored cells took twice as long.
    near = (baseline.weights[rows] @ baseline.near).toarray()
    scores: Floats = decayed + LONG_TERM * plays + NEIGHBOURHOOD * near[user, track]
    return scores.astype(np.float32)
