"""The limit of an app's silence, computed from its usual pauses."""

from contextlib import suppress
from datetime import date, timedelta
from itertools import pairwise

from lake import publications
from lake.errors import LakeError
from orchestration.run.settings import Settings

WEEKS = 9
FLOOR_HOURS = 72  # an app that is used each day may be quiet for three days
NO_LIMIT = 0

DAYS = """
    select distinct cast(listened_at as date) as day
    from fact_listen_history
    where listened_at > (select max(listened_at) from fact_listen_history) - to_days(?)
    order by day
"""


def quiet_limit(settings: Settings) -> int:
    """Return the hours without a listen after which a run stops; `NO_LIMIT` on the first day.

    Twice the longest pause between two days with listens in the published weeks, 72 at least. The
    setting `MOOVITAMIX_QUIET_HOURS` overrules it. While nothing is published there is no rhythm.
    """
    if settings.quiet_hours is not None:
        return settings.quiet_hours
    days = _days_with_listens(settings)
    return limit_of(days) if days else NO_LIMIT


def limit_of(days: list[date]) -> int:
    """Return the limit in hours for an app that was listened to on these days, in order."""
    longest = max((after - before for before, after in pairwise(days)), default=timedelta(0))
    return max(FLOOR_HOURS, 2 * longest.days * 24)


def _days_with_listens(settings: Settings) -> list[date]:
    """Days of the newest publication that can be read: a run mends one that can't."""
    import duckdb

    for link in (settings.marts_file, settings.previous_marts_file):
        with suppress(LakeError, duckdb.Error), publications.connect(link) as published:
            return [day for (day,) in published.execute(DAYS, [7 * WEEKS]).fetchall()]
    return []
