"""The champion of generated apps beside its parts and the oracle, with intervals.

`python -m bench.models.ranker DIR…`: each has what `bench.models.oracle` wrote. What would be
promoted is `reranked` where validation keeps it, else the blend.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.measure import table
from ml.data.reading import read_listens
from ml.data.splits import split
from ml.evaluation.bootstrap import paired_gain
from ml.evaluation.evaluation import evaluate_scorer, of_new_tracks
from ml.evaluation.oracle import read_oracle
from ml.lifecycle.evaluate import evaluate

if TYPE_CHECKING:
    from ml.evaluation.metrics import PerUser
    from ml.lifecycle.evaluate import ModelResult


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folders", nargs="+", type=Path)
    asked.add_argument("--budget", type=float, default=30.0)
    asked.add_argument("--seed", type=int, default=0)
    wanted = asked.parse_args()
    for folder in wanted.folders:
        _show(folder, wanted.budget, wanted.seed)


def _show(folder: Path, budget: float, seed: int) -> None:
    listens, tracks, users = (folder / f"{name}.parquet" for name in ("listens", "tracks", "users"))
    log = read_listens(listens, tracks, users)
    oracle = read_oracle(folder / "oracle.parquet", log)
    *results, known = evaluate(log, "time", seed, trials=1, budget=budget, oracle=oracle)
    champion = results[-1]
    parts = split(log, "time", seed)
    new = of_new_tracks(parts.training, parts.test)
    of_new = {one.name: evaluate_scorer(one.model, new).ndcg_at_10 for one in results if one.model}
    unknown = np.diff(parts.training.plays.indptr)[champion.evaluation.users] == 0
    rows = [
        (
            one.name,
            f"{one.metrics['ndcg_at_10']:.4f}",
            f"{one.metrics['percent_of_oracle']:.1f}",
            _gain(champion.evaluation.ndcg_at_10, one.evaluation.ndcg_at_10, one, champion),
            f"{of_new[one.name].mean():.4f}" if one.name in of_new else "",
            _gain(of_new[champion.name], of_new[one.name], one, champion)
            if one.name in of_new
            else "",
            f"{one.evaluation.ndcg_at_10[unknown].mean():.3f}" if unknown.any() else "",
            f"{one.metrics['train_seconds']:.1f}",
        )
        for one in (*results, known)
    ]
    table(
        f"{folder.name}: {len(champion.evaluation.users)} test users, {unknown.sum()} of them new,"
        f" {len(new.users)} with new tracks; champion: {champion.name},"
        f" {champion.metrics['settings']}",
        [
            "model",
            "NDCG@10",
            "% of oracle",
            "champion's gain",
            "new tracks",
            "gain",
            "new users",
            "fit s",
        ],
        rows,
    )


def _gain(own: PerUser, other: PerUser, one: ModelResult, champion: ModelResult) -> str:
    if one is champion:
        return ""
    gain = paired_gain(own, other, seed=0)
    return f"{gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"


if __name__ == "__main__":
    main()
