"""Measure the closed loop: users play what is recommended, and the model learns from it.

`python -m bench.models.loop [--users N] [--tracks N] [--days N] [--share S]` generates a small
world. Its users begin a share of their sessions with tracks of their `discover` list, which they
choose by their true taste (a click model with position bias). The rest of each session stays as
generated. The bench answers two questions:

- Does an experiment detect a model that is truly better, and only such a model?
- What do users hear, week by week: coverage and Gini, with and without the loop?
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.models.loop.diversity import weeks
from bench.models.loop.experiment_power import experiments
from bench.models.loop.loop_world import LoopWorld


def main() -> None:
    """Generate the world, then answer both questions."""
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
