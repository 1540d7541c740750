"""Feedback on its way into the lake: the events of the inbox that no accepted load holds."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow as pa

from ingestion.erasure.forgotten import Forgotten
from ingestion.pull.ingest_report import Pull
from ingestion.settings import IngestionSettings
from ingestion.source.tables import FEEDBACK
from lake import loads
from lake.clock import utc_now
from lake.feedback.inbox import Inbox
from lake.schemas import from_rows

KEPT = timedelta(days=30)
"""How long the inbox keeps events that the lake has: that long it knows their keys."""


@dataclass(slots=True)
class NewFeedback:
    """The events behind the newest one in the lake, as they are read."""

    inbox: Inbox
    after: int
    people: Forgotten
    received: int = 0
    forgotten: int = 0
    started_at: datetime = field(default_factory=utc_now)

    @property
    def is_empty(self) -> bool:
        """Whether there is no such event."""
        with closing(self.inbox.events(self.after)) as batches:
            return next(batches, None) is None

    def batches(self) -> Iterator[pa.Table]:
        """Yield the events, but for those of people who were forgotten."""
        for rows in self.inbox.events(self.after):
            records = from_rows(rows, FEEDBACK.columns)
            kept = self.people.without(records, FEEDBACK.person)
            self.received += len(records)
            self.forgotten += len(records) - len(kept)
            if len(kept):
                yield kept

    def pull(self) -> Pull:
        """Summarize what was read."""
        return Pull(
            table=FEEDBACK.name,
            announced=self.received,
            received=self.received,
            rejected=0,
            pages=0,
            bytes=0,
            requests=0,
            retries=0,
            response_ms_p50=None,
            response_ms_p95=None,
            response_ms_p99=None,
            started_at=self.started_at,
            finished_at=utc_now(),
            forgotten=self.forgotten,
        )


@contextmanager
def new_feedback(settings: IngestionSettings, people: Forgotten) -> Iterator[NewFeedback | None]:
    """Open the inbox behind the newest event in the lake; None where nothing ever served.

    Old events that the lake has are deleted from the inbox.
    """
    inbox = Inbox(settings.inbox_url)
    try:
        if not inbox.exists():
            yield None
            return
        last = loads.highest(settings.lake_url, FEEDBACK.name, "event_id")
        inbox.prune(last, utc_now() - KEPT)
        new = NewFeedback(inbox, last, people)
        yield None if new.is_empty else new
    finally:
        inbox.close()
