"""Successive halving: many settings on a few users, the best of them on more."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Generic, TypeVar

from ml.evaluation.evaluation import evaluate_scorer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml.lifecycle.search.samples import Sample
    from ml.models.model import Model

One = TypeVar("One", bound="Model")
Settings = dict[str, float]
KEPT, LEAST_KEPT = 1 / 3, 2
"""Share of the settings that go on to the next sample, and how many at least."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Ranked(Generic[One]):
    """The settings of a model type as they did on a sample, best first."""

    settings: tuple[One, ...]
    best: One
    """Fitted on the sample."""
    trials: tuple[Trial, ...]
    """In the order tried."""

    @property
    def ndcg_at_10(self) -> float:
        """The best one's figure."""
        return max(trial.ndcg_at_10 for trial in self.trials)

    def kept(self) -> tuple[One, ...]:
        """Return the settings that go on to the next sample."""
        return self.settings[: max(LEAST_KEPT, ceil(len(self.settings) * KEPT))]


def rank(candidates: Sequence[One], users: Sample, seed: int) -> Ranked[One]:
    """Fit and evaluate each of the candidates on a sample.

    Args:
        candidates: Models with their settings, in the order in which they are tried.
        users: The sample.
        seed: Of each fit.

    Returns:
        The settings in order; of equal ones the first is better.

    """
    best, most = candidates[0], -1.0
    trials = []
    for candidate in candidates:
        fitted = candidate.fit(users.train, seed)
        figure = evaluate_scorer(fitted, users.task).means()["ndcg_at_10"]
        trials.append(Trial(candidate.name, candidate.settings(), figure, users=users.share))
        if figure > most:
            best, most = fitted, figure
    order = sorted(range(len(candidates)), key=lambda one: -trials[one].ndcg_at_10)
    return Ranked(tuple(candidates[one] for one in order), best, tuple(trials))


def halve(ranked: Ranked[One], samples: Sequence[Sample], seed: int) -> tuple[One, list[Trial]]:
    """Try the best of the settings on ever larger samples; on the last only the very best.

    Args:
        ranked: The settings, ranked on a smaller sample.
        samples: From few users to all; none: the settings were ranked on all.
        seed: Of each fit.

    Returns:
        The best, fitted on the last sample, and a trial for each fit.

    """
    trials = list(ranked.trials)
    for number, users in enumerate(samples):
        is_last = number == len(samples) - 1
        ranked = rank(ranked.settings[:1] if is_last else ranked.kept(), users, seed)
        trials += ranked.trials
    return ranked.best, trials
