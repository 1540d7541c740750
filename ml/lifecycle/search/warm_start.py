"""Warm start: a training that keeps the champion's settings, and compares no others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.lifecycle.search.search import AT_ONCE
from ml.lifecycle.search.second_stage import make_blend
from ml.models.blend import Blend
from ml.models.second_stage.reranked import Reranked

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml.data.interactions import Interactions
    from ml.lifecycle.search.halving import Trial
    from ml.models.model import Model


def warm_start(
    champion: Model,
    train: Interactions,
    validation: Interactions,
    seed: int,
    *,
    on_trial: Callable[[Trial], None] = lambda _trial: None,
) -> Model | None:
    """Weigh the parts of a champion again, and try a second stage on them.

    Only settings are kept, so equal data, seed and settings give equal bits, whatever the champion
    had learned.

    Args:
        champion: The served model.
        train: What the parts are fitted on.
        validation: What they are weighed by.
        seed: Of each fit.
        on_trial: Called with each trial.

    Returns:
        The model to train; none where the champion is no blend.

    """
    served = champion.blend if isinstance(champion, Reranked) else champion
    if not isinstance(served, Blend):
        return None
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(AT_ONCE) as pool:
        parts = tuple(pool.map(lambda part: part.fit(train, seed), served.parts))
    blend, reranked = make_blend(parts, train, validation, seed, on_trial)
    return reranked or blend
