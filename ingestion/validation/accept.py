"""Overruling the gate, with a reason that stays on record."""

from dataclasses import replace
from datetime import date, timedelta

import fsspec

from ingestion.errors import NoSuchLoad
from ingestion.settings import IngestionSettings
from lake import files, loads, log
from lake.clock import utc_now
from lake.loads import Verdict


def accept_day(settings: IngestionSettings, day: date, reason: str, run_id: str) -> None:
    """Let a day's odd volume be right: dbt's volume tests pass over it from now on."""
    now = utc_now()
    row = {
        "day_accepted": day.isoformat(),
        "reason": reason,
        "accepted_by_run": run_id,
        "decided_at": now,
    }
    log.append(settings.lake_url, "accepted_days", [row], now.date(), f"{day}.{run_id}")


def accept(settings: IngestionSettings, load_id: str, reason: str, run_id: str) -> Verdict:
    """Let a refused load count from now on; the next build reads it.

    Raises `NoSuchLoad` for a load that the gate has not refused.
    """
    known = {verdict.load_id: verdict for verdict in loads.verdicts(settings.lake_url)}
    if load_id not in known:
        raise NoSuchLoad(f"the lake has no load {load_id}; `moovitamix status` tells the last")
    refused = known[load_id]
    if refused.verdict == "accepted":
        raise NoSuchLoad(f"load {load_id} counts already")
    if not _is_there(settings.lake_url, load_id):
        raise NoSuchLoad(f"load {load_id} was refused long ago, its files are no longer kept")
    accepted = replace(
        refused,
        verdict="accepted",
        reason=f"{reason} (overruled: {refused.reason})",
        # Whoever overrules comes later, even if the clock was ahead as the gate refused.
        decided_at=max(utc_now(), refused.decided_at + timedelta(microseconds=1)),
        run_id=run_id,
    )
    loads.decide(settings.lake_url, accepted, by="accept")
    return accepted


def _is_there(lake_url: str, load_id: str) -> bool:
    storage, root = fsspec.core.url_to_fs(lake_url)
    if storage.glob(f"{root}/{loads.DATASET}/*/load_date=*/{load_id}.*.parquet"):
        return True
    written_anew = storage.glob(f"{root}/{loads.DATASET}/*/load_date=*/{files.COMPACTED}*.parquet")
    return any(load_id in files.footer(storage, path).loads for path in written_anew)
