"""Rolling evaluation: a challenger and the baseline, fitted and tested at several cut-offs.

A model that can't be compared week after week is compared on the weeks that were: its settings,
chosen on weeks before all of these, are fitted again at each cut-off, as the baseline is.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.data.history import MAX_CUT_OFFS
from ml.lifecycle.holdout import metrics_of, metrics_of_popularity
from ml.lifecycle.promotion import decide, pooled, probably
from ml.lifecycle.search.search import AT_ONCE
from ml.models.bundle import trained

if TYPE_CHECKING:
    from ml.lifecycle.holdout import Holdout
    from ml.lifecycle.promotion import Decision, RankerMetrics
    from ml.models.bundle import Bundle
    from ml.registry.registry import Version
    from ml.settings import MlSettings

Compared = tuple["RankerMetrics", "RankerMetrics", "RankerMetrics"]
"""Of the challenger, the baseline and popularity."""


def max_cut_offs(champion: Version | None) -> int:
    """Return at how many cut-offs a challenger is compared at most: only a baseline's at some."""
    return MAX_CUT_OFFS if champion and champion.is_baseline else 1


def decide_over_baseline(
    challenger: Bundle, baseline: Bundle, holdout: Holdout, settings: MlSettings
) -> Decision:
    """Decide by the users of all cut-offs of the plan, each user's values drawn together.

    Args:
        challenger: As it was trained at the newest of the cut-offs.
        baseline: The champion; a baseline is fitted wherever it is asked.
        holdout: That of the newest cut-off, with the plan.
        settings: The rule's thresholds, and the seed.

    Returns:
        The decision; its evidence names the cut-offs.

    Raises:
        TooFewListens: There is no test user at the newest cut-off.

    """
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(AT_ONCE) as pool:
        weeks = list(
            pool.map(
                lambda week: compare(challenger, baseline, holdout, week, settings.seed),
                holdout.plan.weeks,
            )
        )
    own, rival, popularity = (pooled(metrics) for metrics in zip(*weeks, strict=True))
    decision = decide(own, rival, popularity, settings, probably(settings.baseline_confidence))
    decision.evidence["cut_offs"] = [
        holdout.history.cut_off(week).isoformat() for week in holdout.plan.weeks
    ]
    return decision


def compare(
    challenger: Bundle, baseline: Bundle, newest: Holdout, week: int, seed: int
) -> Compared:
    """Test three rankers on a week: a challenger is fitted again for all but the newest.

    Args:
        challenger: As it was trained at the newest cut-off.
        baseline: The champion; a baseline is fitted at each cut-off.
        newest: The holdout of the newest cut-off.
        week: Which week, counted back.
        seed: Of the fit.

    Returns:
        The metrics of each.

    """
    holdout = newest.at(week)
    bundle = trained(challenger.model, holdout.training, seed) if week else challenger
    return (
        metrics_of(bundle, holdout),
        metrics_of(baseline, holdout),
        metrics_of_popularity(holdout),
    )
