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
    where model_version = $version and arm is null and strategy is null and ranks is null
    order by all
"""
_RATE_OF_KIND = """
    select sum(listened) / sum(shown)
    from recommendation_rates
    where kind = $kind and within_days = $days
        and arm is null and strategy is null and ranks is null
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
    except (NothingToLearnFrom, duckdb.CatalogException, duckdb.BinderException):
        return {}  # nothing is published, or by a version that knew no outcomes or no arms
    return {name: dict(zip(_PARTS, values, strict=True)) for name, *values in rows}


def rate_of(settings: MlSettings, kind: str, within_days: int) -> float | None:
    """Return the share of what was shown that was listened to, of all versions; None: not known.

    Args:
        settings: Where the published file is.
        kind: Of list.
        within_days: Days in which a listen counts.

    """
    import duckdb

    try:
        with published_marts.open_published(settings) as published:
            asked = {"kind": kind, "days": within_days}
            row = published.execute(_RATE_OF_KIND, asked).fetchone()
    except (NothingToLearnFrom, duckdb.Error):
        return None
    return row[0] if row else None
