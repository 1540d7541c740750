"""The half-life of plays: found after a model's other settings, for no fit depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml.evaluation.evaluation import evaluate_scorer
from ml.lifecycle.search.halving import Trial
from ml.models.neighbourhood.recency import FromPlays

if TYPE_CHECKING:
    from ml.lifecycle.search.halving import One
    from ml.lifecycle.search.samples import Sample

HALF_LIVES = (3.0, 14.0, 60.0)
"""In days. On a drawn log of moving tastes EASE ranked .142 without, and .216, .193, .156 so."""


def with_half_life(found: One, whole: Sample) -> tuple[One, list[Trial]]:
    """Return the model with the best half-life, if one is better by a standard error.

    Args:
        found: A model of any type, fitted on all users.
        whole: All users.

    Returns:
        The model, and a trial for each half-life; none where there is nothing to try.

    """
    if not isinstance(found, FromPlays) or whole.train.last_played is None:
        return found, []
    trials = []
    without = evaluate_scorer(found, whole.task).ndcg_at_10
    best, most = found, 0.0
    for days in HALF_LIVES:
        faded = found.with_plays(whole.train, days)
        figures = evaluate_scorer(faded, whole.task).ndcg_at_10
        trials.append(Trial(faded.name, faded.settings(), float(figures.mean())))
        gain = figures - without
        if gain.mean() > max(most, gain.std() / np.sqrt(len(gain))):
            best, most = faded, gain.mean()
    return best, trials
