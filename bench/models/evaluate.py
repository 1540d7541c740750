"""`moovitamix evaluate` on sparse logs that it was not tuned to, with the seconds it takes.

Plain WARP, of ids alone, stands beside the models: it shows what kind of log it is.
"""

from __future__ import annotations

import argparse
from statistics import median
from time import perf_counter, process_time

from bench.measure import table
from bench.models.logs import LOGS, log
from ml.data.splits import split
from ml.evaluation.evaluation import discovery, evaluate_scorer
from ml.lifecycle.evaluate import evaluate
from ml.models.hybrid import Hybrid

WARP = Hybrid(no_components=64, epochs=15, neighbours=0, averaged=False)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--logs", nargs="+", default=list(LOGS), choices=list(LOGS))
    asked.add_argument("--scale", type=float, default=1.0)
    asked.add_argument("--seeds", type=int, default=3)
    asked.add_argument("--trials", type=int, default=2)
    wanted = asked.parse_args()
    for name in wanted.logs:
        runs = [_run(name, seed, wanted.scale, wanted.trials) for seed in range(wanted.seeds)]
        print(f"{name}, each seed: {runs}", flush=True)
        middle = {row: median(run[row] for run in runs) for row in runs[0]}
        table(
            f"{name}, scale {wanted.scale:g}, median of {wanted.seeds} seeds",
            ["row", "NDCG@10 or seconds"],
            [(row, f"{figure:.4g}") for row, figure in middle.items()],
        )


def _run(name: str, seed: int, scale: float, trials: int) -> dict[str, float]:
    listens = log(name, seed, scale)
    parts = split(listens, "random", seed)
    task = discovery(parts.training, parts.test)
    plain = evaluate_scorer(WARP.fit(parts.training, seed), task).means()["ndcg_at_10"]
    began, worked = perf_counter(), process_time()
    results = evaluate(listens, "random", seed, trials=trials)
    return (
        {"pairs": float(listens.only().plays.nnz), "plain WARP": round(plain, 4)}
        | {one.name: round(one.metrics["ndcg_at_10"], 4) for one in results}
        | {"wall s": perf_counter() - began, "CPU s": process_time() - worked}
    )


if __name__ == "__main__":
    main()
