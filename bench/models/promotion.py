"""Error rates of the promotion rule against a baseline: false and missed promotions.

The gains of a softmax over the baseline, user by user, are taken from a published app and drawn
again. Drawing the sign of each user's gains too makes two models that are equally good.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ml.data.published_marts import open_published
from ml.evaluation.bootstrap import paired_gain
from ml.lifecycle.holdout import hold_out
from ml.lifecycle.promotion import pooled, probably
from ml.lifecycle.rolling import compare
from ml.models.baseline import Baseline
from ml.models.bundle import Bundle, trained
from ml.models.softmax.softmax import Softmax
from ml.settings import MlSettings

LEVELS = (0.8, 0.9, 0.95)
SHARES = (0.0, 0.5, 1.0)


def gains_by_user(settings: MlSettings) -> list[np.ndarray]:
    """Return each test user's gains in NDCG@10, one for each cut-off."""
    with open_published(settings) as published:
        holdout = hold_out(published, settings)
    none = np.zeros(0, np.int64)
    baseline = Bundle(Baseline(), none, none, none)
    challenger = trained(Softmax(), holdout.training, settings.seed)
    weeks = [
        compare(challenger, baseline, holdout, week, settings.seed) for week in holdout.plan.weeks
    ]
    own, rival, _ = (pooled(metrics).ndcg_at_10 for metrics in zip(*weeks, strict=True))
    gains = own.values - rival.values
    return [gains[own.users == user] for user in np.unique(own.users)]


def promoted(gains: list[np.ndarray], users: int, share: float, draws: int) -> dict[float, float]:
    """Return how often each level promotes a model that has a share of the gain."""
    rng = np.random.default_rng(0)
    found = []
    for seed in range(draws):
        picked = rng.integers(len(gains), size=users)
        signs = np.where(rng.random(users) < (1 + share) / 2, 1, -1)
        values = np.concatenate([gains[at] * sign for at, sign in zip(picked, signs, strict=True)])
        whose = np.repeat(np.arange(users), [len(gains[at]) for at in picked])
        found.append(paired_gain(values, np.zeros(len(values)), seed=seed, users=whose))
    return {
        level: float(np.mean([probably(level).holds(gain) for gain in found])) for level in LEVELS
    }


def main() -> None:
    """Print the shares for some numbers of users and all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--draws", type=int, default=400)
    given = parser.parse_args()
    gains = gains_by_user(MlSettings(data_dir=given.data_dir))
    mean = float(np.concatenate(gains).mean())
    for users in sorted({30, 60, 120, len(gains)}):
        for share in SHARES:
            shares = promoted(gains, users, share, given.draws)
            shown = ", ".join(f"{level:.0%}: {times:.1%}" for level, times in shares.items())
            print(f"{users} users, true gain {share * mean:+.4f}: promoted at {shown}")


if __name__ == "__main__":
    main()
