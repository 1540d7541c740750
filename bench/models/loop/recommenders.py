"""The recommenders that the closed loop compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml.models.baseline import Baseline
from ml.models.bundle import Bundle, align, trained
from ml.models.neighbourhood.ease import Ease
from ml.models.popularity import Popularity

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.models.loop.loop_world import LoopWorld
    from ml.data.interactions import Floats, Interactions
    from ml.models.bundle import Aligned

    Model = Callable[[LoopWorld, Interactions], tuple[Aligned, Floats]]


def by_baseline(_: LoopWorld, data: Interactions) -> tuple[Aligned, Floats]:
    """Rank by the baseline, as an app without a learned champion does."""
    none = np.zeros(0, np.int64)
    return _scored(align(Bundle(Baseline(), none, none, none), data))


def by_ease(_: LoopWorld, data: Interactions) -> tuple[Aligned, Floats]:
    """Rank by EASE."""
    return _scored(align(trained(Ease(), data, 0), data))


def by_popularity(_: LoopWorld, data: Interactions) -> tuple[Aligned, Floats]:
    """Rank by popularity, the same for all users."""
    return _scored(align(trained(Popularity(), data, 0), data))


def by_true_taste(world: LoopWorld, data: Interactions) -> tuple[Aligned, Floats]:
    """Rank by the true taste, which no recommender knows: the upper bound."""
    return by_popularity(world, data)[0], world.probability.astype(np.float32)


def by_baseline_again(world: LoopWorld, data: Interactions) -> tuple[Aligned, Floats]:
    """Rank by the baseline too; a second function makes it a second model."""
    return by_baseline(world, data)


def _scored(scorer: Aligned) -> tuple[Aligned, Floats]:
    return scorer, scorer.scores(np.arange(len(scorer.rows)))
