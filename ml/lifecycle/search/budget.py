"""The budget of a search, in work: seconds of two reference cores, computed and never measured.

What is measured would differ from run to run, and with it the settings that are found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml.data.interactions import Interactions
    from ml.models.hybrid import Hybrid
    from ml.models.model import Model

BUDGET = 30.0
"""Seconds of two reference cores for a training: its search, and the fits that follow it."""
SEARCH = 0.5
"""Share of the budget for the search; the rest is for the final fits and the evaluation."""
CORES = 2
LIGHTFM = 1 / 4
"""LightFM's share of the search."""
FEWEST_EPOCHS, FEWEST_COMPONENTS = 9, 16
LEAST_SHARE, FEWEST_USERS = 0.05, 500
DEAREST = 1 / 4
"""A setting whose fit takes more of the search is left out, save the cheapest of its type."""
STEP = 2.5
"""A sample between the first and all users has so many times the first's users."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a search does."""

    shares: tuple[float, ...]
    """Of the users, in each sample; the last is 1."""
    lightfms: tuple[Hybrid, ...]
    contenders: tuple[tuple[Model, ...], ...]
    """Of each other model type, the settings that can be afforded."""


def plan(
    data: Interactions,
    budget: float,
    contenders: Sequence[Sequence[Model]],
    lightfms: Sequence[Hybrid],
) -> Plan:
    """Share a budget out.

    Args:
        data: What is trained on.
        budget: Seconds of two reference cores.
        contenders: Of each model type, the settings that are compared on samples of users.
        lightfms: The settings of LightFM, each trained on all users.

    Returns:
        The samples, LightFM's settings cut to what the budget affords, and the others that it does.

    """
    whole = SEARCH * CORES * budget
    of_each = whole * LIGHTFM / len(lightfms)
    hybrids = tuple(_affordable(one, data, of_each) for one in lightfms)
    afforded = [_within(its, data, whole * DEAREST) for its in contenders]
    kept = tuple(tuple(its) for its in afforded)
    work = [list(its.values()) for its in afforded]
    left = whole - sum(one.work(data) for one in hybrids) - sum(map(max, work))
    share = left / max(sum(map(sum, work)), 1e-9)
    share = max(share, LEAST_SHARE, FEWEST_USERS / max(data.shape[0], 1))
    if share * STEP >= 1:
        return Plan((1.0,) if share >= 1 else (share, 1.0), hybrids, kept)
    return Plan((share, share * STEP, 1.0), hybrids, kept)


def _within(its: Sequence[Model], data: Interactions, limit: float) -> dict[Model, float]:
    """Return the settings of a model type whose work is within a limit, or its least."""
    work = {one: one.work(data) for one in its}
    limit = max(limit, min(work.values()))
    return {one: seconds for one, seconds in work.items() if seconds <= limit}


def _affordable(model: Hybrid, data: Interactions, work: float) -> Hybrid:
    """Take fewer components, and then fewer epochs, until the work suffices."""
    while (
        replace(model, epochs=FEWEST_EPOCHS * 2).work(data) > work
        and model.no_components > FEWEST_COMPONENTS
    ):
        model = replace(model, no_components=model.no_components // 2)
    epochs = int(work / max(replace(model, epochs=1).work(data), 1e-9))
    return replace(model, epochs=min(model.epochs, max(epochs, FEWEST_EPOCHS)))
