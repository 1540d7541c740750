"""The power of experiments in the closed loop: after how many days they prove a difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.measure import table
from bench.models.loop.recommenders import (
    by_baseline,
    by_baseline_again,
    by_ease,
    by_popularity,
    by_true_taste,
)
from bench.models.loop.simulation import K, Loop
from ml.experiments.sequential import difference, moments_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.models.loop.loop_world import LoopWorld
    from bench.models.loop.recommenders import Model

RATE = 0.01
"""The share of shown tracks that are played within a day; the planned gain is 10 % of it."""


def day_of_proof(loop: Loop, days: int) -> tuple[int | None, str]:
    """Return the first day whose daily look proves a difference, and the text of the last look.

    Args:
        loop: A loop with two arms.
        days: How many days the experiment runs.

    """
    _, heard = loop.run(days)
    arms = loop.arms()
    found, so_far, shown = None, np.zeros(loop.world.users), ""
    for day, those in enumerate(heard, 1):
        so_far += those
        values = so_far / (K * day)
        control, other = (moments_of(values[arms == place]) for place in (0, 1))
        its = difference(control, other, 0.1 * RATE)
        shown = f"{100 * its.mean:+.3f} [{100 * its.low:+.3f}, {100 * its.high:+.3f}]"
        shown += f" of {100 * control.mean:.2f}"
        if its.is_proven and found is None:
            found = day
    return found, shown


def experiments(world: LoopWorld, days: int, share: float) -> None:
    """Print what experiments find for models that differ, and for a model against itself."""
    rows = []
    compared: dict[str, Mapping[str, Model]] = {
        "popularity, then true taste": {"control": by_popularity, "new": by_true_taste},
        "popularity, then baseline": {"control": by_popularity, "new": by_baseline},
        "baseline, then EASE": {"control": by_baseline, "new": by_ease},
        "baseline twice": {"control": by_baseline, "new": by_baseline_again},
    }
    for name, models in compared.items():
        loop = Loop(world, models, share, seed=1)
        found, shown = day_of_proof(loop, days)
        rows.append([name, f"{loop.true_gain():+.1%}", str(found or "-"), shown])
    columns = ["control, then new", "true gain", "proven on day", "points, last day"]
    table("experiments", columns, rows)
