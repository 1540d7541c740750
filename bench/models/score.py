"""All users x all tracks, the best 50: our kernel beside LightFM's own and the bare product.

On one thread, with as many factors. `--whole` instead lets the batch step itself score a catalogue,
in a separate process, and reports its peak memory.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from bench.measure import Cost, module, peak_of_this_process, process, ratios, table
from bench.models.catalogue import champion_of_chance, publish
from bench.promises import Promise, report
from ml.evaluation.ranking import best
from ml.scoring.batch import CELLS
from ml.scoring.recommend import recommend
from ml.settings import MlSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml.data.interactions import Floats

FACTORS, K = 64, 50
LIMITS = {"LightFM's own predict": 5.0, "the bare product": 0.5}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--users", type=int, default=2_000)
    asked.add_argument("--tracks", type=int, default=50_000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--whole", action="store_true", help="the batch step, by its memory")
    asked.add_argument("--listens", type=int, default=5_000_000)
    asked.add_argument("--score", type=Path, help=argparse.SUPPRESS)
    wanted = asked.parse_args()
    if wanted.score:
        _score(wanted.score)
    elif wanted.whole:
        _whole(wanted.users, wanted.tracks, wanted.listens)
    else:
        _kernels(wanted.users, wanted.tracks, wanted.rounds)


def _kernels(users: int, tracks: int, rounds: int) -> None:
    rng = np.random.default_rng(0)
    of_users = rng.standard_normal((users, FACTORS), np.float32)
    of_tracks = rng.standard_normal((tracks, FACTORS), np.float32)
    some = max(20, users // 40)  # of LightFM's own, which takes them one by one
    contenders: dict[str, tuple[Callable[[], object], int]] = {
        "ours": (lambda: _ours(of_users, of_tracks), users),
        "the bare product": (lambda: _product(of_users, of_tracks), users),
        "LightFM's own predict": (_lightfm(users, tracks, some), some),
    }
    took: dict[str, list[float]] = {name: [] for name in contenders}
    with threadpool_limits(1):
        for _ in range(rounds):
            for name, (work, number) in contenders.items():
                began = process_time()
                work()
                took[name].append((process_time() - began) / number)
    seconds = {name: median(these) for name, these in took.items()}
    table(
        f"score: {users:,} users x {tracks:,} tracks, {FACTORS} factors, the best {K}, CPU",
        ["kernel", "ms a user", "against ours"],
        [(name, f"{1e3 * s:.2f}", f"{s / seconds['ours']:.2f}") for name, s in seconds.items()],
    )
    report(
        "score",
        *(
            Promise(
                f"{name} against ours",
                f"{1e3 * seconds['ours']:.2f} ms a user",
                f"{1e3 * seconds[name]:.2f} ms a user",
                ratios(took[name], took["ours"]),
                limit,
                "at least",
            )
            for name, limit in LIMITS.items()
        ),
    )


def _ours(of_users: Floats, of_tracks: Floats) -> None:
    for chunk in _chunks(of_users, len(of_tracks)):
        best(chunk @ of_tracks.T, K)


def _product(of_users: Floats, of_tracks: Floats) -> None:
    for chunk in _chunks(of_users, len(of_tracks)):
        chunk @ of_tracks.T


def _chunks(of_users: Floats, tracks: int) -> list[Floats]:
    size = max(1, CELLS // tracks)
    return [of_users[begin : begin + size] for begin in range(0, len(of_users), size)]


def _lightfm(users: int, tracks: int, some: int) -> Callable[[], None]:
    from lightfm import LightFM
    from scipy.sparse import coo_matrix

    learner = LightFM(no_components=FACTORS, loss="warp", random_state=0)
    one = coo_matrix(([1.0], ([0], [0])), shape=(users, tracks), dtype=np.float32)
    learner.fit_partial(one, epochs=1)
    every = np.arange(tracks, dtype=np.int32)

    def work() -> None:
        for user in range(some):
            scores = learner.predict(user, every, num_threads=1)
            few = np.argpartition(scores, -K)[-K:]
            few[np.argsort(-scores[few])]

    return work


def _whole(users: int, tracks: int, listens: int) -> None:
    with TemporaryDirectory() as folder:
        data_dir = Path(folder)
        publish(data_dir / "marts.duckdb", users, tracks, listens)
        cost = batch(data_dir, users, tracks)
        table(
            f"batch: {users:,} users x {tracks:,} tracks, {listens:,} listens",
            ["peak MB", "CPU s", "wall s"],
            [(f"{cost.peak_mb:,.0f}", f"{cost.cpu:,.0f}", f"{cost.wall:,.0f}")],
        )


def batch(data_dir: Path, users: int, tracks: int) -> Cost:
    """Give the published file a champion of chance, and score all in a separate process."""
    champion_of_chance(_settings(data_dir), users, tracks, FACTORS)
    return process(module("bench.models.score", "--score", data_dir))


def _score(data_dir: Path) -> None:
    """Be the process that is measured."""
    done = recommend(_settings(data_dir), "bench")
    print(f"{done.recommendations:,} rows, {peak_of_this_process():,.0f} MB", file=sys.stderr)


def _settings(data_dir: Path) -> MlSettings:
    return MlSettings(data_dir=data_dir, lake_url=str(data_dir / "lake"))


if __name__ == "__main__":
    main()
