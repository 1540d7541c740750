"""A pull that is whole or nothing: all three tables by one window, read again when pages moved."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

import numpy as np

from ingestion.erasure import forgotten
from ingestion.errors import PagesMoved, TotalChanged, TruncatedPull
from ingestion.pull import pipeline
from ingestion.pull.pending import InFlight
from ingestion.pull.reading import Pull, Reading, new_reading
from ingestion.pull.resources import source
from ingestion.settings import IngestionSettings
from ingestion.source.http import Api, Traffic
from ingestion.source.keys import Hashes
from ingestion.source.pages import Endpoint, Opened, Threads, opened
from ingestion.source.tables import TABLES
from ingestion.source.window import Window
from lake import log

# What another pull can put right: the API was written to while it was read.
MOVED = (TruncatedPull, TotalChanged, PagesMoved)


@dataclass(slots=True)
class WholePull:
    """The tries of one pull, and what they cost together."""

    settings: IngestionSettings
    api: Api
    threads: Threads
    run_id: str
    as_of: datetime
    window: Window
    traffic: dict[str, Traffic] = field(init=False)
    readings: list[Reading] = field(init=False, default_factory=list)
    tries: int = 0

    def __post_init__(self) -> None:
        self.traffic = {table.name: Traffic() for table in TABLES}

    @classmethod
    @contextmanager
    def begun(
        cls, settings: IngestionSettings, api: Api, run_id: str, as_of: datetime, window: Window
    ) -> Iterator[Self]:
        """A pull with its threads; leaving it ends them."""
        with Threads.started(settings.concurrency) as threads, api:
            yield cls(settings, api, threads, run_id, as_of, window)

    def extract(self) -> InFlight | None:
        """Leave a pending package in dlt and its note on the disk; None when there is nothing new.

        Raises what the last try raised.
        """
        repeats_before: dict[str, Hashes] = {}
        for _ in range(self.settings.attempts - 1):
            try:
                return self._try(repeats_before)
            except MOVED:
                continue
        return self._try(repeats_before)

    def pulls(self) -> tuple[Pull, ...]:
        """What came of each table in the last try; requests are those of all tries."""
        return tuple(reading.pull() for reading in self.readings)

    def _try(self, repeats_before: dict[str, Hashes]) -> InFlight | None:
        self.tries += 1
        people = forgotten.people(self.settings)
        self.readings = [
            new_reading(table, self.settings, self.traffic[table.name], people) for table in TABLES
        ]
        tables = list(self.threads.fetching.map(self._open, self.readings))
        pairs = list(zip(self.readings, tables, strict=True))
        if not any(table.total for table in tables):
            for reading, one in pairs:
                reading.require_nothing(one)
            return None
        notes: list[InFlight] = []

        def seal(load_id: str) -> None:
            self._require_settled(repeats_before)
            notes.append(self._note(load_id))
            notes[0].save(self.settings.note)

        pipeline.start_anew(self.settings)
        width = max(table.record_bytes for table in tables)
        ours = pipeline.open_pipeline(self.settings, self.as_of, width)
        pipeline.extract(ours, source(pairs, seal))
        return notes[0]

    def _open(self, reading: Reading) -> Opened:
        endpoint = Endpoint(
            self.api, reading.table, self.window, reading.traffic, self.settings.nesting_max
        )
        one = opened(endpoint, self.settings.page_size, self.threads)
        reading.require_bounds(one)
        return one

    def _require_settled(self, before: dict[str, Hashes]) -> None:
        """Repeats are the API's own when a second pull has exactly the same; else pages moved."""
        moved: list[PagesMoved] = []
        for reading in self.readings:
            name, again = reading.table.name, reading.repeats()
            if again.size and not (name in before and np.array_equal(before[name], again)):
                moved.append(PagesMoved(name, again.size))
            before[name] = again
        if moved:
            raise moved[0]

    def _note(self, load_id: str) -> InFlight:
        extras = [(one.table.name, column) for one in self.readings for column in one.extras]
        known = set()
        if extras:
            changes = log.read(self.settings.lake_url, "schema_changes")
            known = {(change["table_name"], change["column_name"]) for change in changes}
        return InFlight(
            lake_url=self.settings.lake_in_notes,
            run_id=self.run_id,
            load_id=load_id,
            as_of=self.as_of,
            window=self.window,
            pulls=self.pulls(),
            new_columns=tuple(extra for extra in extras if extra not in known),
        )
