"""Measure the closed loop: users who listen to what is recommended to them.

`python -m bench.models.loop [--users N] [--tracks N] [--days N] [--share S]`: a small generated
world, whose users begin a share of their sessions with `discover`, chosen by their true taste (a
click model with position bias); the rest of each session is as the world has it. Two questions:

- does an experiment find a model that is truly better, and none that is not?
- what do the users hear, week by week: coverage and Gini, with and without the loop?
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.models.loop.diversity import weeks
from bench.models.loop.experiment_power import experiments
from bench.models.loop.loop_world import LoopWorld


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser("python -m bench.models.loop", description=__doc__)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--tracks", type=int, default=1200)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = LoopWorld(Path(folder), asked.seed, asked.users, asked.tracks, asked.days)
        print(f"{world.users:,} users, {world.tracks:,} tracks, {asked.days} days")
        experiments(world, asked.days, asked.share)
        weeks(world, asked.days, asked.share)


if __name__ == "__main__":
    main()
