"""Rolling evaluation: a challenger and the baseline, fitted and tested at several cut-offs.

A model that can't be compared week after week is compared on the weeks that were: its settings,
chosen on weeks before all of these, are fitted again at each cut-off, as the baseline is.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.data.history import MOST_CUT_OFFS
from ml.lifecycle import holdout
from ml.lifecycle.promotion import decide, pooled, probably
from ml.lifecycle.search import AT_ONCE
from ml.models.bundle import trained

if TYPE_CHECKING:
    from ml.lifecycle.holdout import Cut
    from ml.lifecycle.promotion import Decision, Figures
    from ml.models.bundle import Bundle
    from ml.registry.registry import Version
    from ml.settings import MlSettings

Compared = tuple["Figures", "Figures", "Figures"]
"""Of the challenger, the baseline and popularity."""


def cut_offs_at_most(champion: Version | None) -> int:
    """Return at how many cut-offs a challenger is compared at most: only a baseline's at some."""
    return MOST_CUT_OFFS if champion and champion.is_baseline else 1


def decide_over_baseline(
    challenger: Bundle, baseline: Bundle, cut: Cut, settings: MlSettings
) -> Decision:
    """Decide by the users of all cut-offs of the plan, each user's values drawn together.

    Args:
        challenger: As it was trained at the newest of the cut-offs.
        baseline: The champion; a baseline is fitted wherever it is asked.
        cut: The newest cut-off, with the plan.
        settings: The rule's figures, and the seed.

    Returns:
        The decision; its figures name the cut-offs.

    Raises:
        TooFewListens: Nobody can test at the newest cut-off.

    """
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(AT_ONCE) as pool:
        weeks = list(
            pool.map(
                lambda week: compare(challenger, baseline, cut, week, settings.seed),
                cut.plan.weeks,
            )
        )
    own, rival, popularity = (pooled(figures) for figures in zip(*weeks, strict=True))
    decision = decide(own, rival, popularity, settings, probably(settings.baseline_confidence))
    decision.figures["cut_offs"] = [
        cut.history.cut_off(week).isoformat() for week in cut.plan.weeks
    ]
    return decision


def compare(challenger: Bundle, baseline: Bundle, newest: Cut, week: int, seed: int) -> Compared:
    """Test three rankers on a week: a challenger is fitted again for all but the newest.

    Args:
        challenger: As it was trained at the newest cut-off.
        baseline: One with or without ids; it is fitted here.
        newest: The newest cut-off.
        week: Which week, counted back.
        seed: Of the fit.

    Returns:
        The figures of each.

    """
    cut = newest.at(week)
    bundle = trained(challenger.model, cut.data, seed) if week else challenger
    return (
        holdout.figures_of(bundle, cut),
        holdout.figures_of(baseline, cut),
        holdout.figures_of_popularity(cut),
    )
