"""Source freshness: the age of the newest load and event, by the run's clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lake.clock import naive_utc, utc_now
from orchestration.run.errors import SourceStale
from orchestration.run.progress import OnNode, ignore
from orchestration.run.settings import Settings
from orchestration.warehouse.dbt_commands.dbt import dbt, parsed_project
from orchestration.warehouse.rhythm import FLOOR_HOURS, quiet_limit

NEVER_HOURS = 87_600
"""Ten years: no silence is longer."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """The freshness of a source: `age` and its limits, in hours."""

    source: str
    status: str
    newest_at: datetime
    age: float
    warn_after: float | None
    error_after: float | None

    def __str__(self) -> str:
        limit = self.error_after if self.status == "error" else self.warn_after
        return (
            f"{self.source} is {self.age:.0f} h old (newest {self.newest_at:%Y-%m-%d %H:%M},"
            f" limit {limit or 0:.0f} h)"
        )


def freshness(settings: Settings, *, run_id: str = "", on_node: OnNode = ignore) -> list[Freshness]:
    """Run `dbt source freshness` by the run's clock; raise `SourceStale` beyond an error limit.

    The newest listen is held to the app's own rhythm; on its first day it can only warn.

    Args:
        settings: Where the data folder and the lake are.
        run_id: The run that asks, for the rows of `ops/`.
        on_node: Called as each node of dbt ends.

    """
    _limit_silence(settings, quiet_limit(settings))
    answer = dbt(settings, "source", "freshness", run_id=run_id, on_node=on_node)
    found = [_measured(result) for result in answer.result.results if hasattr(result, "age")]
    _record(settings, run_id, found)
    broken = [one for one in answer.result.results if one.status == "runtime error"]
    if broken:
        raise SourceStale(
            f"freshness can't be measured: {' '.join(str(broken[0].message).split())}"
        )
    if stale := [str(one) for one in found if one.status == "error"]:
        raise SourceStale("; ".join(stale))
    return found


def _limit_silence(settings: Settings, hours: int) -> None:
    """Set the limits of the newest listen for this process: a warning at half of it."""
    limits = parsed_project(settings).sources["source.moovitamix.events.newest_session"].freshness
    assert limits is not None
    assert limits.warn_after is not None
    assert limits.error_after is not None
    limits.warn_after.count = (hours or FLOOR_HOURS) // 2
    limits.error_after.count = hours or NEVER_HOURS


def _record(settings: Settings, run_id: str, found: list[Freshness]) -> None:
    from lake import log

    measured_at = utc_now()
    clock = settings.as_of or measured_at
    rows = [
        {
            "run_id": run_id,
            "place": "source",
            "table_name": one.source,
            "status": one.status,
            "newest_at": naive_utc(one.newest_at),
            "age_hours": one.age,
            "warn_after_hours": one.warn_after,
            "error_after_hours": one.error_after,
            "as_of": clock,
            "measured_at": measured_at,
        }
        for one in found
    ]
    if rows and run_id:
        log.append(settings.lake_url, "table_freshness", rows, clock.date())


def _measured(result: Any) -> Freshness:  # noqa: ANN401 - dbt's results carry no types
    limits = result.node.freshness
    return Freshness(
        source=f"{result.node.source_name}.{result.node.name}",
        status=str(result.status),
        newest_at=result.max_loaded_at,
        age=result.age / 3600,
        warn_after=_hours(limits.warn_after),
        error_after=_hours(limits.error_after),
    )


def _hours(limit: Any) -> float | None:  # noqa: ANN401
    if limit is None or not limit.count:
        return None
    return float(limit.count * {"minute": 1 / 60, "hour": 1, "day": 24}[str(limit.period.value)])
