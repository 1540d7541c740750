"""The periods that a page shows: whole ones only, up to the newest load."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from orchestration.explore.published import Published
from orchestration.warehouse.semantic.metric_sql import Grain
from orchestration.warehouse.semantic.relations import relation

SPANS = {"30 days": 30, "3 months": 91, "6 months": 182, "year": 365, "5 years": 1826}


@dataclass(frozen=True, slots=True)
class Periods:
    """Periods of one length: from the first day of the first to the day after the last."""

    grain: Grain
    since: date
    until: date
    oldest: date
    """The first day of the period of the oldest listen."""

    @property
    def asked(self) -> dict[str, Any]:
        """What a question about metrics has of it."""
        return {"grain": self.grain, "since": self.since, "until": self.until}

    def before(self) -> "Periods | None":
        """Return the time just before, which is as long; None where the listens don't go back."""
        since = self.since - (self.until - self.since)
        return replace(self, since=since, until=self.since) if since >= self.oldest else None


def whole_periods(published: Published, grain: Grain, days: int) -> Periods:
    """Return the newest whole periods of a publication.

    A period is whole when the newest load came after its end. Where none is, the first is
    shown unfinished.

    Args:
        published: The publication.
        grain: The length of a period.
        days: How far back they go, about.
    """
    one = published.row(
        f"""
        with bounds as (
            select
                max(listened_at) + interval 1 {grain} as newest,
                min(listened_at) as oldest
            from fact_listen_history
        ),
        ends as (
            select
                date_trunc('{grain}', least(built_at, newest))::date as until,
                date_trunc('{grain}', oldest)::date as first_since
            from publication cross join bounds
        )
        select
            first_since as oldest,
            greatest(first_since, date_trunc('{grain}', until - {days}::integer)::date) as since,
            case
                when until > first_since then until
                else (until + interval 1 {grain})::date
            end as until
        from ends
        """
    )
    today = date.today()  # noqa: DTZ011 - where nothing was ever listened to
    return Periods(grain, one["since"] or today, one["until"] or today, one["oldest"] or today)


def named(first_day: date, grain: Grain) -> str:
    """Return how a person calls a period: `the week of 27 Apr`, `May 2026`."""
    if grain == "week":
        return f"the week of {first_day.day} {first_day:%b}"
    return f"{first_day:%B %Y}" if grain == "month" else f"{first_day.day} {first_day:%b %Y}"


def listeners() -> str:
    """Return what has a row for each user who ever listened, for the `from` of a query."""
    return f"{relation('listeners')} as listeners_of_all_time"
