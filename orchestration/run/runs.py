"""The record of runs and their steps, as rows in the lake's `ops/runs` and `ops/steps`.

A `started` row is written first, a `finished` row last: a run without the second, while the
writer lock is free, has crashed.
"""

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

from lake.clock import utc_now
from orchestration.run.console import Console, count
from orchestration.run.error_messages import one_line
from orchestration.run.events import Subscriber
from orchestration.run.lock import WriterLock
from orchestration.run.progress import OnNode, ignore
from orchestration.run.settings import Settings


@dataclass(slots=True)
class Step:
    """One step of a run; the step itself fills in `rows` and `what` when it knows them."""

    name: str
    rows: int | None = None
    what: str = ""
    warnings: Sequence[str] = ()
    """Warnings of the step."""
    seconds: float = 0.0
    attempts: int = 1


@dataclass(slots=True)
class Run:
    """A run in progress, and the steps that it has finished; `as_of` once its clock is known."""

    settings: Settings
    lock: WriterLock
    console: Console
    run_id: str
    command: str = ""
    as_of: datetime | None = None
    steps: list[Step] = field(default_factory=list)
    at_work: str = ""
    """The step that runs now, or failed."""
    on_node: OnNode = ignore
    """Called with each finished node of dbt."""
    subscribers: Sequence[Subscriber] = ()

    @property
    def by_its_clock(self) -> Settings:
        """The settings, with the clock that the run's ingest had."""
        return self.settings.model_copy(update={"as_of": self.as_of})

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Do one step: its rows in the lake, its line on the console."""
        step = Step(name)
        self.at_work = name
        started = time.monotonic()
        with (
            _recorded(self.settings.lake_url, "steps", run_id=self.run_id, step=name) as facts,
            self.console.working(name),
        ):
            try:
                yield step
            finally:
                facts |= {"rows": step.rows, "attempts": step.attempts}
        step.seconds = time.monotonic() - started
        self.steps.append(step)
        self.at_work = ""
        if step.warnings:
            for one in self.subscribers:
                one.step_warned(self, step.name, step.warnings)

    def show_summary(self) -> None:
        """Print what every step did, and the command to look further with."""
        steps = [
            (step.name, f"{step.seconds:.1f}", count(step.rows), step.what) for step in self.steps
        ]
        seconds = sum(step.seconds for step in self.steps)
        total = [("all", f"{seconds:.1f}", "", f"run {self.run_id}")]
        columns = ("step", "seconds", "rows", "what")
        self.console.table(columns, steps + total, to_the_right=("seconds", "rows"))


def new_run_id() -> str:
    """Return an id that sorts by time and that no other run has."""
    return f"{utc_now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


@contextmanager
def recorded(
    settings: Settings,
    lock: WriterLock,
    console: Console,
    command: str,
    subscribers: Sequence[Subscriber] = (),
) -> Iterator[Run]:
    """Run a command between its `started` and its `finished` row in `ops/runs`.

    Args:
        settings: Where the run reads and writes.
        lock: The writer lock, which is held.
        console: Where the run prints.
        command: What the run is called.
        subscribers: Who is called when it starts, fails, or warns.

    Yields:
        The run, to do steps with.

    Raises:
        FormatNewer: A newer version of the project wrote the data folder; nothing is written.
    """
    from lake.version import stamp_format

    if upgraded := stamp_format(settings.data_dir, settings.lake_url):
        console.print(upgraded)
    run_id = new_run_id()
    run = Run(settings, lock, console, run_id, command, settings.as_of, subscribers=subscribers)
    for one in subscribers:
        one.run_started(run)
    about = {"run_id": run_id, "command": command, "as_of": settings.as_of}
    try:
        with _recorded(settings.lake_url, "runs", **about) as facts:
            try:
                yield run
            finally:
                facts["as_of"] = run.as_of  # an ingest may have had it from the API
    except Exception as error:
        for one in subscribers:
            one.run_failed(run, error)
        raise


def record_end(lake_url: str, run_id: str, command: str, steps: Sequence[str]) -> None:
    """Record that a run and its steps have succeeded, where their rows could not yet.

    Args:
        lake_url: The lake.
        run_id: The run.
        command: The command or task, as it is recorded.
        steps: The names of its steps.

    """
    ended = {"run_id": run_id, "event": "finished", "outcome": "succeeded"}
    for step in steps:
        _append(lake_url, "steps", {**ended, "step": step})
    _append(lake_url, "runs", {**ended, "command": command})


@contextmanager
def _recorded(lake_url: str, table: str, **row: object) -> Iterator[dict[str, object]]:
    """Write the `started` and the `finished` row of `row`, which may grow in between."""
    _append(lake_url, table, row | {"event": "started"})
    try:
        yield row
    except BaseException as error:
        outcome = "failed" if isinstance(error, Exception) else "interrupted"
        with suppress(Exception):  # what went wrong first is what a person must read
            _append(
                lake_url,
                table,
                row | {"event": "finished", "outcome": outcome, "error": one_line(error)},
            )
        raise
    _append(lake_url, table, row | {"event": "finished", "outcome": "succeeded"})


def _append(lake_url: str, table: str, row: dict[str, object]) -> None:
    from lake import log

    at = utc_now()
    log.append(lake_url, table, [row | {"at": at}], at.date())
