"""What users listen to of a list that they are shown: a click model with position bias.

A user looks at place r with the probability r ** -0.5 (the position-based model: Craswell, Zoeter,
Taylor and Ramsey, An experimental comparison of click position-bias models, 2008), and listens to
what is seen the more often, the better it fits the true taste.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from api.source.world.factors import Floats, Ints

POSITION_BIAS = 0.5
HALF_AT = 10.0
"""A track that fits so many times better than a blind choice is listened to half of the times."""


def clicks(rng: np.random.Generator, probability: Floats, lists: Ints) -> npt.NDArray[np.bool_]:
    """Draw which tracks of their lists users listen to.

    Args:
        rng: Of the draws.
        probability: Users x tracks: P(track | user), as `listen_probability` has it.
        lists: Users x places: the row of each track, best first; -1: none.

    Returns:
        Users x places: true where the track is listened to.

    """
    return rng.random(lists.shape) < click_probability(probability, lists)


def click_probability(probability: Floats, lists: Ints) -> Floats:
    """Return the chance of each place of the lists to be listened to; shapes as in `clicks`."""
    lift = np.take_along_axis(probability, np.maximum(lists, 0), axis=1) * probability.shape[1]
    looks = (1 + np.arange(lists.shape[1])) ** -POSITION_BIAS
    chance: Floats = np.where(lists >= 0, looks * lift / (lift + HALF_AT), 0.0)
    return chance
