"""The expected volume of a daily load, computed from the loads of the days before."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from ingestion.source.tables import TABLES
from lake import loads, log

# Two pulls of one day can't be compared; a daily run may start some hours early.
A_DAY_APART = timedelta(hours=20)
LOOK_BACK = 42
FEWEST_LOADS = 7
# Where volumes are small or very regular, a multiple of their spread means nothing.
HANDFUL = 50
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Band:
    """Rows that a load may have: outside the first pair it warns, outside the second it fails."""

    warn_low: int
    warn_high: int
    low: int
    high: int


def band(counts: list[int]) -> Band | None:
    """Compute the band around recent counts; None if there are too few to compare with.

    Robust: by the median and its absolute deviation, so that one odd day changes nothing. A
    warning beyond half the median and 4 sigma, a failure beyond five times (or a fifth) and 6
    sigma; never within a handful of records.
    """
    if len(counts) < FEWEST_LOADS:
        return None
    centre = median(counts)
    sigma = MAD_TO_SIGMA * median(abs(count - centre) for count in counts)
    near = max(centre / 2, 4 * sigma, HANDFUL)
    far = max(6 * sigma, HANDFUL)
    return Band(
        warn_low=max(0, int(centre - near)),
        warn_high=int(centre + near),
        low=max(0, int(min(centre / 5, centre - far))),
        high=int(max(centre * 5, centre + far)),
    )


def bands(lake_url: str, load: loads.ValidationResult) -> dict[str, Band | None]:
    """Compute the band of each table for an incremental load a day after the one before.

    Other loads have none: first, full and repeated ones, and those that go back in time, can't be
    compared.
    """
    exempt: dict[str, Band | None] = {table.name: None for table in TABLES}
    if load.kind != "incremental":
        return exempt
    rows = _pulls_since(lake_url, load.as_of - timedelta(days=LOOK_BACK))
    if any(row["as_of"] > load.as_of for row in rows):
        return exempt
    daily = _daily([*rows, {"load_id": load.load_id, "as_of": load.as_of, "kind": load.kind}])
    if load.load_id not in daily:
        return exempt
    return {
        table: band(
            [
                row["received"]
                for row in rows
                if row["load_id"] in daily and row["table_name"] == table
            ]
        )
        for table in exempt
    }


def _pulls_since(lake_url: str, since: datetime) -> list[dict[str, Any]]:
    """The pulls of accepted loads since a day."""
    first = f"day={since:%Y-%m-%d}"

    def folders(table: str) -> list[str]:
        return [day for day in log.days(lake_url, table) if day.rsplit("/", 1)[-1] >= first]

    results = loads.latest_by_load(log.read(lake_url, "load_verdicts", folders("load_verdicts")))
    accepted = {name for name, one in results.items() if one.verdict == "accepted"}
    pulls = log.read(lake_url, "pulls", folders("pulls"))
    return [row for row in pulls if row["load_id"] in accepted]


def _daily(rows: list[dict[str, Any]]) -> set[str]:
    """The incremental loads at least a day after the load before them."""
    loads = sorted({(row["as_of"], row["load_id"], row["kind"]) for row in rows})
    daily = set()
    for before, (as_of, load_id, kind) in pairwise(loads):
        if kind == "incremental" and as_of - before[0] >= A_DAY_APART:
            daily.add(load_id)
    return daily
