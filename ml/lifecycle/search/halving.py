"""Successive halving: many settings on a few users, the best of them on more."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, TypeVar

from ml.evaluation.evaluation import evaluate_scorer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml.lifecycle.search.samples import Sample
    from ml.models.model import Model

One = TypeVar("One", bound="Model")
Settings = dict[str, float]
KEPT = 1 / 3
"""Share of the settings that go on to the next sample."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting of one model, and how it did on validation."""

    model: str
    settings: Settings
    ndcg_at_10: float
    curve: tuple[tuple[int, float], ...] = ()
    """NDCG@10 after so many epochs."""
    users: float = 1.0
    """Share of the users that it was trained on."""


def halve(
    candidates: Sequence[One], samples: Sequence[Sample], seed: int
) -> tuple[One, list[Trial]]:
    """Try all on the first sample, and the best of each on the next; return the best of the last.

    Args:
        candidates: models with their settings, in the order in which they are tried.
        samples: from few users to all.
        seed: of each fit.

    Returns:
        The best, fitted on the last sample, and a trial for each fit.

    """
    trials: list[Trial] = []
    left = list(candidates)
    best: One | None = None
    for number, users in enumerate(samples):
        best, figure = None, -1.0
        figures = []
        for candidate in left:
            fitted = candidate.fit(users.train, seed)
            figures.append(evaluate_scorer(fitted, users.task).means()["ndcg_at_10"])
            trials.append(
                Trial(candidate.name, candidate.settings(), figures[-1], users=users.share)
            )
            if best is None or figures[-1] > figure:
                best, figure = fitted, figures[-1]
        order = sorted(range(len(left)), key=lambda one: -figures[one])  # of equal ones the first
        kept = 1 if number >= len(samples) - 2 else ceil(len(left) * KEPT)
        left = [left[one] for one in order[:kept]]
    assert best is not None
    return best, trials
