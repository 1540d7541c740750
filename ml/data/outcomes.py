"""How often recommended tracks were listened to, as the published marts have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml.data import published_marts
from ml.errors import NothingToLearnFrom

if TYPE_CHECKING:
    from ml.settings import MlSettings

_RATES = """
    select
        concat_ws('_', kind, counts, within_days || 'd'),
        list_days, shown, rate, rate_low, rate_high
    from recommendation_rates
    where model_version = $version and strategy is null and ranks is null
    order by all
"""
_PARTS = ("list_days", "shown", "rate", "rate_low", "rate_high")


def listened_to(settings: MlSettings, model_version: int) -> dict[str, dict[str, float]]:
    """Return what was listened to of a version's lists: by kind of list, what counts, and window.

    Nothing where its lists are too young, or where nothing is published.
    """
    import duckdb

    try:
        with published_marts.open_published(settings) as published:
            rows = published.execute(_RATES, {"version": model_version}).fetchall()
    except (NothingToLearnFrom, duckdb.CatalogException):
        return {}
    return {name: dict(zip(_PARTS, values, strict=True)) for name, *values in rows}
