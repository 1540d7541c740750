"""Promotion rules: a challenger becomes champion only if it is measurably better.

A learned champion gives way only to what is surely better on weeks that neither has seen. A
baseline, which only was there first, gives way to what is probably better.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.evaluation.bootstrap import paired_gain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ml.data.interactions import Ints
    from ml.evaluation.bootstrap import Gain
    from ml.evaluation.evaluation import Evaluation
    from ml.evaluation.metrics import PerUser
    from ml.settings import MlSettings

POPULARITY = "popularity"
LEAST_DIFFERING = 10
"""Users for whom two models differ, that one can probably be better than the other."""


@dataclass(frozen=True, slots=True, eq=False)
class UserValues:
    """A metric's values and whose they are: a user has one for each cut-off."""

    values: PerUser
    users: Ints

    @property
    def number_of_users(self) -> int:
        """The number of different users."""
        return len(np.unique(self.users))


@dataclass(frozen=True, slots=True, eq=False)
class RankerMetrics:
    """Metrics of a ranker on test weeks: NDCG@10 per test user, of all and of slices."""

    name: str
    ndcg_at_10: UserValues
    coverage: float
    slices: dict[str, UserValues] = field(default_factory=dict)
    """The same users in the same order for every ranker."""
    means: dict[str, float] = field(default_factory=dict)
    """The means of all metrics, for the record."""
    evaluation: Evaluation | None = None
    """All of it, to be drawn; of one cut-off."""
    cut_offs: int = 1
    """The number of cut-offs of the values."""


def pooled(metrics: Sequence[RankerMetrics]) -> RankerMetrics:
    """Put the values of several cut-offs together; metrics weigh as they have values."""
    weights = [len(one.ndcg_at_10.values) for one in metrics]
    slices = dict.fromkeys(name for one in metrics for name in one.slices)
    return RankerMetrics(
        name=metrics[0].name,
        ndcg_at_10=_joined([one.ndcg_at_10 for one in metrics]),
        coverage=float(np.average([one.coverage for one in metrics], weights=weights)),
        slices={
            name: _joined([one.slices[name] for one in metrics if name in one.slices])
            for name in slices
        },
        means={
            name: float(np.average([one.means[name] for one in metrics], weights=weights))
            for name in metrics[0].means
        },
        cut_offs=len(metrics),
    )


def _joined(parts: Sequence[UserValues]) -> UserValues:
    return UserValues(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.users for part in parts]),
    )


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the challenger is promoted, why, and every figure that decided it."""

    is_promoted: bool
    sentence: str
    evidence: dict[str, Any]

    def as_json(self) -> str:
        """Return the evidence as JSON text."""
        return json.dumps(self.evidence, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """The evidence of a gain that a promotion requires."""

    adverb: str
    holds: Callable[[Gain], bool]
    needed: float | None = None
    """The probability of a gain that is needed, where that decides."""


SURELY = Rule("surely", lambda gain: gain.low > 0)  # nor where it is no number
"""The whole interval is a gain."""


def probably(needed: float) -> Rule:
    """Return the rule by which the mean is a gain, and so is that of most draws of the users.

    Where the two differ for a handful of users only, a bootstrap decides nothing.
    """

    def holds(gain: Gain) -> bool:
        return gain.mean > 0 and gain.probability >= needed and gain.differing >= LEAST_DIFFERING

    return Rule("probably", holds, needed)


def decide(
    challenger: RankerMetrics,
    champion: RankerMetrics | None,
    popularity: RankerMetrics,
    settings: MlSettings,
    rule: Rule = SURELY,
) -> Decision:
    """Compare on the same users; without a champion, popularity is the one to beat.

    Args:
        challenger: How the challenger did.
        champion: How the champion did on the same test weeks, if there is one.
        popularity: How popularity did, which each champion must beat too.
        settings: Confidence, test users needed, coverage needed.
        rule: How much evidence of a gain is enough.

    Returns:
        The decision with its sentence and its evidence.

    """
    rival = champion or popularity
    test_users = challenger.ndcg_at_10.number_of_users
    evidence: dict[str, Any] = {
        "challenger": challenger.means | {"coverage": challenger.coverage},
        "rival": rival.means | {"coverage": rival.coverage},
        "rival_name": rival.name,
        "seed": settings.seed,
        "confidence": settings.confidence,
        "test_users": test_users,
        "rule": rule.adverb,
        "probability_needed": rule.needed,
    }
    if test_users < settings.min_judges:
        why = f"{test_users} users are too few for an evaluation ({settings.min_judges} are needed)"
        return Decision(False, f"{challenger.name} is not promoted: {why}", evidence)
    if not np.isfinite(challenger.ndcg_at_10.values).all():
        why = "its NDCG@10 is no number for some users"
        return Decision(False, f"{challenger.name} is not promoted: {why}", evidence)
    gain = gain_of(challenger.ndcg_at_10, rival.ndcg_at_10, settings)
    over_popularity = gain_of(challenger.ndcg_at_10, popularity.ndcg_at_10, settings)
    slices = {
        name: gain_of(own, rival.slices[name], settings)
        for name, own in sorted(challenger.slices.items())
        if name in rival.slices and own.number_of_users >= settings.min_judges
    }
    evidence |= {
        "gain": asdict(gain),
        "gain_over_popularity": asdict(over_popularity),
        "slices": {name: asdict(one) for name, one in slices.items()},
    }
    text = _text_of(gain, rule, challenger.cut_offs)
    faults = _faults(gain, over_popularity, slices, rule, text)
    faults += _coverage_fault(challenger, rival, settings)
    if faults:
        sentence = f"{challenger.name} is not promoted over {rival.name}: {'; '.join(faults)}"
        return Decision(False, sentence, evidence)
    sentence = f"{challenger.name} is promoted over {rival.name}: NDCG@10 {text}"
    return Decision(True, sentence, evidence)


def _faults(
    gain: Gain, over_popularity: Gain, slices: dict[str, Gain], rule: Rule, text: str
) -> list[str]:
    faults = []
    if not rule.holds(gain):
        faults.append(f"NDCG@10 {text} is not {rule.adverb} better{_needed(gain, rule)}")
    if not rule.holds(over_popularity):
        of_it = _text_of(over_popularity, rule)
        faults.append(f"it does not {rule.adverb} beat popularity ({of_it})")
    faults += [
        f"worse for {name} ({_text_of(one, rule)})" for name, one in slices.items() if one.high < 0
    ]
    return faults


def _needed(gain: Gain, rule: Rule) -> str:
    if rule.needed is None:
        return ""
    if gain.differing < LEAST_DIFFERING:
        return f" (the two differ for {gain.differing} users, {LEAST_DIFFERING} are needed)"
    return f" ({rule.needed:.0%} is needed)"


def _coverage_fault(
    challenger: RankerMetrics, rival: RankerMetrics, settings: MlSettings
) -> list[str]:
    # Popularity shows everyone the same: its coverage is no limit.
    least = 0.0 if rival.name == POPULARITY else settings.coverage_share * rival.coverage
    if challenger.coverage < least or challenger.coverage <= 0:
        return [f"coverage {challenger.coverage:.3f} is below {least:.3f}"]
    return []


def gain_of(own: UserValues, other: UserValues, settings: MlSettings) -> Gain:
    """Return the paired gain by the seed and the confidence that the settings state.

    Args:
        own: Metrics of the challenger by user.
        other: Metrics of the champion by user.
        settings: The seed and the confidence.

    """
    return paired_gain(
        own.values,
        other.values,
        seed=settings.seed,
        confidence=settings.confidence,
        users=own.users,
    )


def _text_of(gain: Gain, rule: Rule, cut_offs: int = 1) -> str:
    text = f"{gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"
    if rule.needed is not None:
        text += f", a gain with a probability of {gain.probability:.0%}"
    text += f", {gain.users:,} users"
    return text if cut_offs == 1 else f"{text} at {cut_offs} cut-offs"
