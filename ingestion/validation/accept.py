"""Accepting a refused load or an odd day by hand, with a recorded reason."""

from dataclasses import replace
from datetime import date, timedelta

import fsspec

from ingestion.errors import NoSuchLoad
from ingestion.settings import IngestionSettings
from lake import files, loads, log
from lake.clock import utc_now
from lake.loads import ValidationResult


def accept_day(settings: IngestionSettings, day: date, reason: str, run_id: str) -> None:
    """Accept a day's odd volume: dbt's volume tests skip that day from now on.

    Args:
        settings: Where the lake is.
        day: The day.
        reason: Why its volume is right.
        run_id: The run that accepts it.
    """
    now = utc_now()
    row = {
        "day_accepted": day.isoformat(),
        "reason": reason,
        "accepted_by_run": run_id,
        "decided_at": now,
    }
    log.append(settings.lake_url, "accepted_days", [row], now.date(), f"{day}.{run_id}")


def accept(settings: IngestionSettings, load_id: str, reason: str, run_id: str) -> ValidationResult:
    """Accept a refused load; the next build reads it.

    Args:
        settings: Where the lake is.
        load_id: The load.
        reason: Why it is right after all.
        run_id: The run that accepts it.

    Returns:
        The new decision.

    Raises:
        NoSuchLoad: The load was not refused, or its files are gone.
    """
    known = {one.load_id: one for one in loads.validation_results(settings.lake_url)}
    if load_id not in known:
        raise NoSuchLoad(f"the lake has no load {load_id}; `moovitamix status` shows the last")
    refused = known[load_id]
    if refused.verdict == "accepted":
        raise NoSuchLoad(f"load {load_id} counts already")
    if not _is_there(settings.lake_url, load_id):
        raise NoSuchLoad(f"load {load_id} was refused long ago, its files are no longer kept")
    accepted = replace(
        refused,
        verdict="accepted",
        reason=f"{reason} (overruled: {refused.reason})",
        # The latest decision counts, even if the clock was ahead when the load was refused.
        decided_at=max(utc_now(), refused.decided_at + timedelta(microseconds=1)),
        run_id=run_id,
    )
    loads.decide(settings.lake_url, accepted, by="accept")
    return accepted


def _is_there(lake_url: str, load_id: str) -> bool:
    storage, root = fsspec.core.url_to_fs(lake_url)
    if storage.glob(f"{root}/{loads.DATASET}/*/load_date=*/{load_id}.*.parquet"):
        return True
    compacted = storage.glob(f"{root}/{loads.DATASET}/*/load_date=*/{files.COMPACTED}*.parquet")
    return any(load_id in files.footer(storage, path).loads for path in compacted)
