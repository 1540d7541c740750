"""A lake written by hand, load by load, as ingestion would leave it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.source.tables import LAKE_TABLES, TABLES
from lake import log

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Load:
    """What one pull brought, and when by the run's clock."""

    load_id: str
    as_of: datetime
    tracks: Sequence[Record] = ()
    users: Sequence[Record] = ()
    listen_history: Sequence[Record] = ()
    feedback: Sequence[Record] = ()


@dataclass(frozen=True, slots=True)
class Lake:
    """The lake below `data_dir`."""

    data_dir: Path
    decisions: list[str] = field(default_factory=list)

    def land(self, load: Load) -> None:
        """Write the load's files; they are not validated yet."""
        for table in LAKE_TABLES:
            records = getattr(load, table.name)
            if not records:
                continue
            rows = pa.Table.from_pylist(list(records), schema=table.columns)
            ids = pa.array([load.load_id] * len(rows), pa.string())
            day = f"load_date={load.as_of:%Y-%m-%d}"
            folder = self.data_dir / "lake" / "raw" / table.name / day
            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(
                rows.append_column("_dlt_load_id", ids), folder / f"{load.load_id}.0a1b2c.parquet"
            )

    def decide(self, load: Load, decision: str) -> None:
        """Accept or refuse the load; the newest decision counts."""
        self.decisions.append(decision)
        row = {
            "load_id": load.load_id,
            "verdict": decision,
            "kind": "incremental",
            "as_of": load.as_of,
            "updated_until": load.as_of,
            "decided_at": datetime(2026, 2, 1, 0, 0, 0, len(self.decisions)),
        }
        log.append(str(self.data_dir / "lake"), "load_verdicts", [row], load.as_of.date())

    def record_pulls(self, load: Load) -> None:
        """Record the pulls of a load, as ingestion does before it decides on it."""
        rows = [
            {
                "load_id": load.load_id,
                "table_name": table.name,
                "outcome": "whole",
                "as_of": load.as_of,
                "received": len(getattr(load, table.name)),
                "rejected": 0,
            }
            for table in TABLES
        ]
        url = str(self.data_dir / "lake")
        log.append(url, "pulls", rows, load.as_of.date(), load.load_id)

    def add(self, *loads: Load) -> None:
        """Land loads and accept them."""
        for load in loads:
            self.land(load)
            self.decide(load, "accepted")


def session(user_id: int | None, started: str, items: list[int] | None, updated: str) -> Record:
    """A listen_history record; instants as ISO 8601."""
    return {
        "user_id": user_id,
        "items": items,
        "created_at": datetime.fromisoformat(started),
        "updated_at": datetime.fromisoformat(updated),
    }


def track(track_id: int | None, name: str, updated: str, created: str = "2026-01-01") -> Record:
    """A track that only has a name."""
    return {
        "id": track_id,
        "name": name,
        "created_at": datetime.fromisoformat(created),
        "updated_at": datetime.fromisoformat(updated),
    }


def feedback(  # noqa: PLR0917 - its columns
    event_id: int,
    key: str,
    kind: str,
    user_id: int,
    track_id: int | None = None,
    happened: str = "2026-01-09",
) -> Record:
    """An event of feedback as the inbox hands it over."""
    at = datetime.fromisoformat(happened)
    return {
        "event_id": event_id,
        "key": key,
        "kind": kind,
        "user_id": user_id,
        "track_id": track_id,
        "happened_at": at,
        "received_at": at,
    }
