"""The order of an ingest: finish what is pending, pull, load, decide."""

from dataclasses import dataclass
from datetime import datetime

from ingestion.errors import AnswerTooSlow, ApiDown, LakeUnreachable, LoadRefused
from ingestion.pull.finish import finish, finish_pending, record
from ingestion.pull.reading import Pull, nothing_pulled
from ingestion.pull.whole import WholePull
from ingestion.settings import IngestionSettings
from ingestion.source import health
from ingestion.source.http import Api, Traffic
from ingestion.source.tables import TABLES
from ingestion.source.window import Window, window
from ingestion.validation import gate
from lake import loads
from lake.clock import naive_utc, utc_now
from lake.loads import Kind

HEALTH = "health"


@dataclass(frozen=True, slots=True)
class Ingestion:
    """What one ingest did; `load_id` is None when the API had nothing at all to give."""

    finished: tuple[str, ...]
    load_id: str | None
    as_of: datetime
    kind: Kind
    pulls: tuple[Pull, ...]
    new_columns: tuple[tuple[str, str], ...]
    attempts: int = 1
    """Whole pulls that it took, for pages that moved while they were read."""


def ingest(
    settings: IngestionSettings,
    *,
    as_of: datetime | None = None,
    full: bool = False,
    run_id: str,
) -> Ingestion:
    """Bring what the API has, as of one instant, into the lake: all of it, or nothing.

    A load that a crashed run left is finished first, under that run's clock. `as_of` (UTC; default:
    the API's own clock, else the machine's) dates the load and ends the window, unless the API's
    clock has not come that far; `full` begins the window at the beginning. Safe to repeat, in one
    process or after any crash.

    Raises an `IngestionError`, after having recorded the failed pull in `ops/pulls`, or
    `LoadRefused` after having recorded what the gate found.
    """
    gate.begun()
    attempt = _Attempt(settings, run_id)
    try:
        return attempt.run(as_of, finish_pending(settings), full=full)
    except LoadRefused:
        raise
    except OSError as error:
        raise attempt.failed(LakeUnreachable(settings.lake_url, str(error))) from error
    except Exception as error:
        raise attempt.failed(error) from error.__cause__


class _Attempt:
    """One ingest as far as it came, so that a failure can be recorded from wherever it struck."""

    def __init__(self, settings: IngestionSettings, run_id: str) -> None:
        self._settings = settings
        self._run_id = run_id
        self._as_of = utc_now()
        self._window: Window | None = None
        self._pull: WholePull | None = None
        self._traffic = {HEALTH: Traffic()}

    def run(self, as_of: datetime | None, finished: tuple[str, ...], *, full: bool) -> Ingestion:
        """Pull, load, decide."""
        settings = self._settings
        api = Api(settings)
        clock = self._clock(api, as_of)
        # What the API has yet to see can't be complete: behind its clock the cursor would skip it.
        until = min(self._as_of, clock or self._as_of)
        cursor = loads.cursor(settings.lake_url, until)
        self._window = window(cursor, until, settings.overlap, full=full)
        begun = WholePull.begun(settings, api, self._run_id, self._as_of, self._window)
        with begun as self._pull:
            self._traffic |= self._pull.traffic
            note = self._pull.extract()
        health.record_calls(settings, self._run_id, self._traffic, self._as_of)
        # Of a window with nothing but records of forgotten people no load is left.
        landed = note is not None and finish(settings, note)
        if not landed:
            self._record(None)
        return Ingestion(
            finished=finished,
            load_id=note.load_id if note and landed else None,
            as_of=self._as_of,
            kind=self._window.kind,
            pulls=note.pulls if note else self._pull.pulls(),
            new_columns=note.new_columns if note else (),
            attempts=self._pull.tries,
        )

    def failed(self, error: Exception) -> Exception:
        """Record the failure, those of tables never asked for too; a second one is but a note."""
        try:
            self._record(str(error))
            health.record_calls(self._settings, self._run_id, self._traffic, self._as_of)
        except OSError as unrecorded:
            error.add_note(f"Nor could this be recorded: {unrecorded}")
        return error

    def _clock(self, api: Api, as_of: datetime | None) -> datetime | None:
        """The API's own clock, where it has one; raises `ApiDown` once that has been recorded."""
        found = health.look(api, self._traffic[HEALTH])
        if as_of:
            self._as_of = naive_utc(as_of)
        elif found.clock:
            self._as_of = found.clock
        health.record(self._settings, self._run_id, found, self._as_of)
        if isinstance(found.error, (ApiDown, AnswerTooSlow)):  # the tables would take as long
            raise found.error
        return found.clock

    def _record(self, error: str | None) -> None:
        pulls = self._pull.pulls() if self._pull else ()
        record(
            self._settings,
            pulls or tuple(nothing_pulled(table) for table in TABLES),
            run_id=self._run_id,
            as_of=self._as_of,
            window=self._window,
            error=error,
        )
