"""The pull of all tables in one window, repeated if pages moved while they were read."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import numpy as np

from ingestion.erasure import forgotten
from ingestion.errors import PagesMoved, TotalChanged, TruncatedPull
from ingestion.pull import pipeline
from ingestion.pull.feedback import NewFeedback, new_feedback
from ingestion.pull.ingest_report import Pull
from ingestion.pull.page_checks import Reading
from ingestion.pull.pending import PendingPull
from ingestion.pull.resources import source
from ingestion.settings import IngestionSettings
from ingestion.source.http import Api
from ingestion.source.keys import Hashes
from ingestion.source.pages import Endpoint, TablePages, Threads, open_table
from ingestion.source.tables import TABLES
from ingestion.source.window import Window
from lake import log

# Errors that another pull can correct: records changed while they were read.
MOVED = (TruncatedPull, TotalChanged, PagesMoved)


@dataclass(slots=True)
class WholePull:
    """A pull and its attempts."""

    settings: IngestionSettings
    api: Api
    run_id: str
    as_of: datetime
    window: Window
    readings: list[Reading] = field(init=False, default_factory=list)
    feedback: NewFeedback | None = field(init=False, default=None)
    attempts: int = 0

    def extract(self) -> PendingPull | None:
        """Leave a pending package in dlt and save its record; return None if there is nothing new.

        Raises:
            IngestionError: The error of the last attempt.
        """
        repeats_before: dict[str, Hashes] = {}
        with Threads.started(self.settings.concurrency) as threads, self.api:
            while True:
                try:
                    return self._attempt(threads, repeats_before)
                except MOVED:
                    if self.attempts >= self.settings.attempts:
                        raise

    def pulls(self) -> tuple[Pull, ...]:
        """Summarize each table of the last attempt, with the requests of all attempts."""
        calls = self.api.calls
        pulls = [one.pull(calls.get(one.table.name, [])) for one in self.readings]
        return (*pulls, self.feedback.pull()) if self.feedback else tuple(pulls)

    def _attempt(self, threads: Threads, repeats_before: dict[str, Hashes]) -> PendingPull | None:
        self.attempts += 1
        people = forgotten.people(self.settings)
        self.readings = [Reading(table, self.settings, people) for table in TABLES]
        tables = list(threads.fetching.map(partial(self._open, threads), self.readings))
        pairs = list(zip(self.readings, tables, strict=True))
        with new_feedback(self.settings, people) as self.feedback:
            return self._extract(pairs, repeats_before)

    def _extract(
        self, pairs: list[tuple[Reading, TablePages]], repeats_before: dict[str, Hashes]
    ) -> PendingPull | None:
        if not self.feedback and not any(table.total for _, table in pairs):
            for reading, one in pairs:
                list(reading.batches(one))  # checks the one empty page
            return None
        pending: list[PendingPull] = []

        def complete(load_id: str) -> None:
            self._require_settled(repeats_before)
            pending.append(self._pending(load_id))
            pending[0].save(self.settings.pending_file)

        pipeline.reset(self.settings)
        width = max(table.record_bytes for _, table in pairs)
        into_lake = pipeline.open_pipeline(self.settings, self.as_of, width)
        pipeline.extract(into_lake, source(pairs, self.feedback, complete))
        return pending[0]

    def _open(self, threads: Threads, reading: Reading) -> TablePages:
        endpoint = Endpoint(self.api, reading.table, self.window, self.settings.nesting_max)
        one = open_table(endpoint, self.settings.page_size, threads)
        reading.require_bounds(one)
        return one

    def _require_settled(self, before: dict[str, Hashes]) -> None:
        """Raise `PagesMoved` for repeated keys, unless a second pull has exactly the same ones."""
        moved: list[PagesMoved] = []
        for reading in self.readings:
            name, again = reading.table.name, reading.repeats()
            if again.size and not (name in before and np.array_equal(before[name], again)):
                moved.append(PagesMoved(name, again.size))
            before[name] = again
        if moved:
            raise moved[0]

    def _pending(self, load_id: str) -> PendingPull:
        extras = [(one.table.name, column) for one in self.readings for column in one.extras]
        known = set()
        if extras:
            changes = log.read(self.settings.lake_url, "schema_changes")
            known = {(change["table_name"], change["column_name"]) for change in changes}
        return PendingPull(
            lake_url=self.settings.lake_name,
            run_id=self.run_id,
            load_id=load_id,
            as_of=self.as_of,
            window=self.window,
            pulls=self.pulls(),
            new_columns=tuple(extra for extra in extras if extra not in known),
        )
