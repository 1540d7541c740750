"""The diversity of what users hear in the closed loop: weekly coverage and Gini."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api.source.world.parameters import microseconds
from bench.measure import table
from bench.models.loop.recommenders import by_baseline
from bench.models.loop.simulation import DAY, Loop
from ml.evaluation.metrics import coverage, gini

if TYPE_CHECKING:
    from bench.models.loop.loop_world import LoopWorld


def weeks(world: LoopWorld, days: int, share: float, explores: float = 0.1) -> None:
    """Print weekly coverage and Gini: without lists, with lists, and with exploration.

    Args:
        world: The generated world.
        days: How many days each variant runs.
        share: The share of sessions that begin with tracks of the list.
        explores: The share of places for exploration, in the last variant.

    """
    start = microseconds(world.begin)
    rows: list[list[str]] = [[str(week + 1)] for week in range(days // 7)]
    for its, of_places in ((0.0, 0.0), (share, 0.0), (share, explores)):
        plays, heard = Loop(world, {"all": by_baseline}, its, 1, of_places).run(days)
        for week, row in enumerate(rows):
            first = start + week * 7 * DAY
            _, track = plays.between(first, first + 7 * DAY)
            row += [f"{coverage(track, world.tracks):.3f}", f"{gini(track, world.tracks):.3f}"]
        print(f"{its:.0%} from lists, {of_places:.0%} explored: {sum(map(np.sum, heard)):,} chosen")
    variants = ("no lists", f"{share:.0%} from lists", f"and {explores:.0%} explored")
    columns = ["week", *(name for one in variants for name in (f"coverage, {one}", "gini"))]
    table("what is heard, by week", columns, rows)
