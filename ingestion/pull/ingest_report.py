"""The report of an ingest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ingestion.source.health import Health
from ingestion.source.http import Call
from ingestion.source.tables import Table
from ingestion.source.window import Window
from lake.clock import utc_now
from lake.loads import Kind


@dataclass(frozen=True, slots=True)
class Pull:
    """The pull of one table: records announced and received, requests, times in ms."""

    table: str
    announced: int
    received: int
    rejected: int
    pages: int
    bytes: int
    requests: int
    retries: int
    response_ms_p50: float | None
    response_ms_p95: float | None
    response_ms_p99: float | None
    started_at: datetime
    finished_at: datetime
    forgotten: int = 0


@dataclass(slots=True)
class IngestReport:
    """The report of one ingest, also of a failed one; `load_id` is None if it left no load."""

    run_id: str
    as_of: datetime
    finished: tuple[str, ...] = ()
    """Loads of earlier runs, interrupted by a crash, that count now."""
    health: Health | None = None
    calls: Mapping[str, list[Call]] = field(default_factory=dict)
    """Requests by endpoint."""
    window: Window | None = None
    pulls: tuple[Pull, ...] = ()
    new_columns: tuple[tuple[str, str], ...] = ()
    load_id: str | None = None
    attempts: int = 0
    """Whole pulls; more than one if pages moved while they were read."""
    error: str | None = None

    @property
    def kind(self) -> Kind | None:
        """The kind of the pull; None if it failed before its window was known."""
        return self.window.kind if self.window else None


def nothing_pulled(table: Table) -> Pull:
    """The pull of a table that was never requested."""
    now = utc_now()
    return Pull(table.name, 0, 0, 0, 0, 0, 0, 0, None, None, None, now, now)
