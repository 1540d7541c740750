"""The blend beside its best part, on drawn logs of many shapes and over many seeds.

The best part is the one that the test shows to be best: nobody knows it beforehand. `evaluate`
chooses settings and weights on validation, as always.
"""

from __future__ import annotations

import argparse
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from bench.measure import table
from bench.models.logs import LOGS, log
from bench.models.shaped_logs import SHAPES
from ml.lifecycle.evaluate import evaluate

if TYPE_CHECKING:
    from ml.data.listens import Listens
    from ml.data.splits import SplitKind

PARTS = ("session-knn", "rp3beta", "ease", "near-ease", "ials", "softmax", "lightfm")
MEAN, WORST = 0.0, -0.01
SPLITS: dict[str, SplitKind] = {"films": "user", "artists": "user", "moving": "user"}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    names = [*LOGS, *SHAPES]
    asked.add_argument("--logs", nargs="+", default=names, choices=names)
    asked.add_argument("--scale", type=float, default=0.15)
    asked.add_argument("--seeds", type=int, default=10)
    asked.add_argument("--trials", type=int, default=1)
    wanted = asked.parse_args()
    rows = []
    for name in wanted.logs:
        runs = [_run(name, seed, wanted.scale, wanted.trials) for seed in range(wanted.seeds)]
        for run in runs:
            print(name, {key: round(value, 4) for key, value in run.items()}, flush=True)
        rows.append(_row(name, runs))
    table(
        f"blend, scale {wanted.scale:g}, {wanted.seeds} seeds each; gains are over the best part",
        ["log", *PARTS, "blend", "mean gain", "worst", "kept", "CPU s"],
        rows,
    )


def draw(name: str, seed: int, scale: float) -> Listens:
    """Draw a log of any shape."""
    if name in LOGS:
        return log(name, seed, scale)
    return SHAPES[name](np.random.default_rng(seed), scale)


def _run(name: str, seed: int, scale: float, trials: int) -> dict[str, float]:
    began = process_time()
    results = evaluate(draw(name, seed, scale), SPLITS.get(name, "random"), seed, trials=trials)
    figures = {one.name: float(one.metrics["ndcg_at_10"]) for one in results}
    best = max(figures.get(part, 0) for part in PARTS)
    return figures | {"gain": figures["blend"] / best - 1, "CPU s": process_time() - began}


def _row(name: str, runs: list[dict[str, float]]) -> tuple[str, ...]:
    gains = [run["gain"] for run in runs]
    mean, worst = float(np.mean(gains)), min(gains)
    is_kept = mean >= MEAN and worst > WORST
    figures = [f"{np.mean([run.get(part, 0) for run in runs]):.3f}" for part in (*PARTS, "blend")]
    seconds = f"{np.mean([run['CPU s'] for run in runs]):.0f}"
    return name, *figures, f"{mean:+.1%}", f"{worst:+.1%}", "yes" if is_kept else "no", seconds


if __name__ == "__main__":
    main()
