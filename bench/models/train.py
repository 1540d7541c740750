"""Seconds per million interactions and epoch: our LightFM beside implicit's ALS and BPR.

All on one thread, with as many factors, on the same drawn pairs; setting up (features, neighbours)
is measured apart. EASE and the softmax have no such epochs: their whole training is reported.
"""

from __future__ import annotations

import argparse
from functools import partial
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from bench.measure import ratios, table
from bench.promises import Promise, report
from ml.data.interactions import Features, Interactions, interactions
from ml.models.hybrid import Hybrid
from ml.models.neighbourhood.ease import Ease
from ml.models.softmax.softmax import Softmax

if TYPE_CHECKING:
    from collections.abc import Callable

FACTORS = 64
PEER = "implicit BPR"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--pairs", type=int, default=200_000)
    asked.add_argument("--users", type=int, default=6_000)
    asked.add_argument("--tracks", type=int, default=6_000)
    asked.add_argument("--rounds", type=int, default=3)
    wanted = asked.parse_args()
    data = _draw(wanted.pairs, wanted.users, wanted.tracks)
    row, column = data.plays.nonzero()
    ids_only = interactions(data.users, data.tracks, row, column, np.ones(len(row)))
    contenders: dict[str, Callable[[int], object]] = {
        "lightfm, ids": partial(_lightfm, ids_only, 0),
        "lightfm, hybrid with 5 neighbours": partial(_lightfm, data, 5),
        "implicit ALS": partial(_als, data),
        PEER: partial(_bpr, data),
    }
    with threadpool_limits(1):
        took = _per_epoch(contenders, wanted.rounds)
        whole = {model.name: _timed(partial(model.fit, data, 0)) for model in (Ease(), Softmax())}
    seconds = {name: median(these) for name, these in took.items()}
    millions = data.plays.nnz / 1e6
    base = seconds[PEER]
    table(
        f"train: {data.plays.nnz:,} interactions, {FACTORS} factors, one thread",
        ["model", "s per million and epoch", "against BPR"],
        [(name, f"{took / millions:.2f}", f"{took / base:.1f}") for name, took in seconds.items()],
    )
    table("whole trainings", ["model", "s"], [(name, f"{s:.1f}") for name, s in whole.items()])
    report(
        "train",
        *(
            Promise(
                f"{name} against {PEER}",
                f"{seconds[name] / millions:.2f} s",
                f"{base / millions:.2f} s",
                ratios(took[name], took[PEER]),
            )
            for name in contenders
            if name != PEER
        ),
    )


def _draw(pairs: int, users: int, tracks: int) -> Interactions:
    """Draw pairs of a long tail, and an artist for each track."""
    rng = np.random.default_rng(0)
    popularity = np.arange(1, tracks + 1) ** -0.75
    column = rng.choice(tracks, pairs, p=popularity / popularity.sum())
    artist = rng.integers(0, tracks // 3, tracks)
    cells = (np.ones(tracks, np.float32), (np.arange(tracks), artist))
    return interactions(
        np.arange(users),
        np.arange(tracks),
        rng.integers(0, users, pairs),
        column,
        np.ones(pairs),
        track_features=Features(
            tuple(f"artist={number}" for number in range(tracks // 3)),
            csr_matrix(cells, shape=(tracks, tracks // 3)),
        ),
    )


def _lightfm(data: Interactions, neighbours: int, epochs: int) -> object:
    model = Hybrid(no_components=FACTORS, epochs=epochs, neighbours=neighbours)
    return model.fit(data, 0)


def _als(data: Interactions, epochs: int) -> object:
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(factors=FACTORS, iterations=epochs, num_threads=1)
    return model.fit(data.weights, show_progress=False)


def _bpr(data: Interactions, epochs: int) -> object:
    from implicit.bpr import BayesianPersonalizedRanking

    model = BayesianPersonalizedRanking(factors=FACTORS, iterations=epochs, num_threads=1)
    return model.fit(data.weights, show_progress=False)


def _per_epoch(
    contenders: dict[str, Callable[[int], object]], rounds: int
) -> dict[str, list[float]]:
    """The difference of three epochs and one, halved: what is done once falls out."""
    took: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, fit in contenders.items():
            one, three = (_timed(partial(fit, epochs)) for epochs in (1, 3))
            took[name].append((three - one) / 2)
    return took


def _timed(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


if __name__ == "__main__":
    main()
