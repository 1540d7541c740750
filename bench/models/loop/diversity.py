"""What users hear in the closed loop, week by week: coverage of the catalogue, and Gini."""

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
    """Show what is heard by week: coverage and Gini, without the loop, with it, and exploring.

    Args:
        world: The world.
        days: How long each runs.
        share: Of sessions that begin with the list.
        explores: Share of places for exploration, in the last.

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
