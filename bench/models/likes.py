"""What likes and skips are worth to models, on a drawn log in which they tell a taste.

`python -m bench.models.likes`: people choose some of what they play, and a station plays them the
rest. Of what they choose they like some, of what the station plays they skip some. Each model is
trained with and without that, and tested on the week after. Without feedback both are the same.
"""

from __future__ import annotations

import numpy as np

from bench.measure import table
from ml.data.listens import Listens
from ml.data.reactions import LIKE, SKIP, Reported
from ml.evaluation.bootstrap import paired_gain
from ml.evaluation.evaluation import discovery, evaluate_scorer
from ml.models.baseline import Baseline
from ml.models.bundle import align, trained
from ml.models.hybrid import Hybrid
from ml.models.neighbourhood.ease import Ease
from ml.models.softmax.softmax import Softmax

USERS, TRACKS, TASTES, DAYS, WEEK = 1_000, 2_000, 40, 60, 7
CHOSEN, LIKED, SKIPPED = 0.4, 0.15, 0.3
"""Shares: of the listens that are chosen; of these, that are liked; of the others, skipped."""
NOW = np.datetime64("2026-03-01", "us")
MODELS = (Baseline(), Ease(), Softmax(), Hybrid(epochs=15))


def main() -> None:
    cut_off = NOW - np.timedelta64(WEEK, "D")
    for seed in range(3):
        log = draw(seed)
        assert log.at is not None
        before = log.at < cut_off
        test = log.only(~before)
        rows = []
        for model in MODELS:
            by = []
            for until in (None, cut_off):
                data = log.only(before, until=until)
                task = discovery(data, test)
                scorer = align(trained(model, data, seed), data)
                by.append(evaluate_scorer(scorer, task).ndcg_at_10)
            gain = paired_gain(by[1], by[0], seed=seed)
            interval = f"{gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"
            rows.append((model.name, f"{by[0].mean():.4f}", f"{by[1].mean():.4f}", interval))
        title = f"likes and skips: NDCG@10 of tracks never heard, seed {seed}"
        table(title, ["model", "without", "with", "gain, 95 % interval"], rows)


def draw(seed: int) -> Listens:
    """Draw listens, and what people say of them."""
    rng = np.random.default_rng(seed)
    popularity = 1 / (1 + rng.permutation(TRACKS)) ** 0.7
    taste_of_track = rng.integers(TASTES, size=TRACKS)
    tastes = rng.random((USERS, TASTES)).argsort(axis=1)[:, :2]
    user = np.repeat(np.arange(USERS), rng.poisson(rng.lognormal(2.8, 0.8, USERS)))
    is_chosen = rng.random(len(user)) < CHOSEN
    track = rng.choice(TRACKS, len(user), p=popularity / popularity.sum())
    own = tastes[user, rng.integers(2, size=len(user))]
    for taste in range(TASTES):
        its = np.flatnonzero(is_chosen & (own == taste))
        tracks = np.flatnonzero(taste_of_track == taste)
        chance = popularity[tracks]
        track[its] = rng.choice(tracks, len(its), p=chance / chance.sum())
    at = NOW - (rng.random(len(user)) * DAYS * 86_400e6).astype("timedelta64[us]")
    is_told = rng.random(len(user)) < np.where(is_chosen, LIKED, SKIPPED)
    kind = np.where(is_chosen, LIKE, SKIP)
    order = np.argsort(at, kind="stable")
    told = order[is_told[order]]
    reported = Reported(user[told], track[told], kind[told], at[told])
    ones = np.ones(len(user), np.float32)
    return Listens(np.arange(USERS), np.arange(TRACKS), user, track, ones, at, reported=reported)


if __name__ == "__main__":
    main()
