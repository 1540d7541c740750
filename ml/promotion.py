"""Who is champion: a challenger only if it is measurably better, by rules that know about noise."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ml.bootstrap import paired_gain

if TYPE_CHECKING:
    from ml.bootstrap import Gain
    from ml.judging import Judgement
    from ml.metrics import PerUser
    from ml.settings import MlSettings

POPULARITY = "popularity"


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """How a ranker did on the test cut: NDCG@10 per judged user, of all and of slices."""

    name: str
    ndcg_at_10: PerUser
    coverage: float
    slices: dict[str, PerUser] = field(default_factory=dict)
    """The same users in the same order for every ranker."""
    means: dict[str, float] = field(default_factory=dict)
    """The means of all metrics, for the record."""
    judgement: Judgement | None = None
    """All of it, to be drawn."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the challenger is promoted, why, and every figure that decided it."""

    is_promoted: bool
    sentence: str
    figures: dict[str, object]

    def as_json(self) -> str:
        """Return the figures as JSON text."""
        return json.dumps(self.figures, sort_keys=True)


def decide(
    challenger: Figures, champion: Figures | None, popularity: Figures, settings: MlSettings
) -> Decision:
    """Compare on the same users; without a champion, popularity is the one to beat."""
    rival = champion or popularity
    figures: dict[str, object] = {
        "challenger": challenger.means | {"coverage": challenger.coverage},
        "rival": rival.means | {"coverage": rival.coverage},
        "rival_name": rival.name,
        "seed": settings.seed,
        "confidence": settings.confidence,
    }
    judges = len(challenger.ndcg_at_10)
    if judges < settings.min_judges:
        why = f"{judges} users are too few to judge by ({settings.min_judges} are needed)"
        return Decision(False, f"{challenger.name} is not promoted: {why}", figures)
    if not np.isfinite(challenger.ndcg_at_10).all():
        why = "its NDCG@10 is no number for some users"
        return Decision(False, f"{challenger.name} is not promoted: {why}", figures)
    gain = gain_of(challenger.ndcg_at_10, rival.ndcg_at_10, settings)
    over_popularity = gain_of(challenger.ndcg_at_10, popularity.ndcg_at_10, settings)
    slices = {
        name: gain_of(own, rival.slices[name], settings)
        for name, own in sorted(challenger.slices.items())
        if name in rival.slices and len(own) >= settings.min_judges
    }
    figures |= {
        "gain": asdict(gain),
        "gain_over_popularity": asdict(over_popularity),
        "slices": {name: asdict(one) for name, one in slices.items()},
    }
    faults = _faults(challenger, rival, gain, over_popularity, settings)
    faults += [f"worse for {name} ({_said(one)})" for name, one in slices.items() if one.high < 0]
    if faults:
        said = f"{challenger.name} is not promoted over {rival.name}: {'; '.join(faults)}"
        return Decision(False, said, figures)
    said = f"{challenger.name} is promoted over {rival.name}: NDCG@10 {_said(gain)}"
    return Decision(True, said, figures)


def _faults(
    challenger: Figures, rival: Figures, gain: Gain, over_popularity: Gain, settings: MlSettings
) -> list[str]:
    faults = []
    if not gain.low > 0:  # nor where it is no number
        faults.append(f"NDCG@10 {_said(gain)} is not surely better")
    if not over_popularity.low > 0:
        faults.append(f"it does not surely beat popularity ({_said(over_popularity)})")
    # Popularity shows everyone the same: its coverage binds nobody.
    least = 0.0 if rival.name == POPULARITY else settings.coverage_share * rival.coverage
    if challenger.coverage < least or challenger.coverage <= 0:
        faults.append(f"coverage {challenger.coverage:.3f} is below {least:.3f}")
    return faults


def gain_of(own: PerUser, other: PerUser, settings: MlSettings) -> Gain:
    """Return the paired gain by the seed and the confidence that the settings state."""
    return paired_gain(own, other, seed=settings.seed, confidence=settings.confidence)


def _said(gain: Gain) -> str:
    return f"{gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}], {gain.users:,} users"
