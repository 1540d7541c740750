"""The training schedule: whether one is due, by the clock of the data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ml.data import published_marts
from ml.data.history import history
from ml.errors import TooFewListens
from ml.lifecycle.drift import drift
from ml.lifecycle.holdout import ends, require_enough
from ml.lifecycle.rolling import max_cut_offs
from ml.registry import registry

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from ml.settings import Cadence, MlSettings

EVERY: dict[Cadence, timedelta] = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
}
# A daily run is not always at the same second: one that comes a little early is still the day's.
GRACE = 0.1


@dataclass(frozen=True, slots=True)
class Due:
    """Whether to train now, and why, or why not."""

    is_due: bool
    why: str


def due(settings: MlSettings, run_id: str = "") -> Due:
    """Return whether a training could be evaluated, and is due: none yet, the newest old, or drift.

    Raises `NothingToLearnFrom` where no features are published.
    """
    most = max_cut_offs(registry.find_champion(settings))
    with published_marts.open_published(settings) as published:
        data_as_of = published_marts.version_of(published).data_as_of
        lack = _lack(published, settings, most)
    if lack:
        return Due(False, f"not due: {lack}")
    learned = [one for one in registry.versions(settings).values() if not one.is_baseline]
    if not learned:
        return Due(True, "no model has been trained yet")
    newest = max(learned, key=lambda one: one.trained_at)
    moved = [one for one in drift(settings, newest, run_id) if one.is_beyond]
    cadence = by_cadence(newest.data_as_of, data_as_of, settings.train_every)
    if moved and not cadence.is_due:
        return Due(True, f"drift: {'; '.join(map(str, moved))}")
    return cadence


def _lack(published: duckdb.DuckDBPyConnection, settings: MlSettings, most: int) -> str:
    """Return what a training lacks to be evaluated; an empty text where it lacks nothing."""
    try:
        weeks = history(published, *ends(published_marts.cut_offs(published)))
        require_enough(weeks, settings)
    except TooFewListens as error:
        return error.why
    plan = weeks.plan(settings, most)
    if plan.test_users < settings.min_judges:
        since = f"{weeks.cut_off(plan.weeks[-1]):%Y-%m-%d}"
        return f"{plan.test_users} test users since {since}, {settings.min_judges} are needed"
    if settings.is_searched and not plan.validation:
        return (
            f"no test user before {weeks.cut_off(plan.weeks[-1]):%Y-%m-%d}, to choose settings by"
        )
    return ""


def by_cadence(newest: datetime, data_as_of: datetime, cadence: Cadence) -> Due:
    """Compare the data of the newest training with the data there is now.

    Args:
        newest: The end of the data of the newest training.
        data_as_of: The end of the data there is now.
        cadence: How often a model is trained.

    """
    age, every = data_as_of - newest, EVERY[cadence]
    if age >= every * (1 - GRACE):
        return Due(True, f"{cadence}: the newest training's data ends {newest:%Y-%m-%d %H:%M}")
    return Due(False, f"not due: {cadence}, and the newest training is {_text_of(age)} old")


def _text_of(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{age.days} days"
