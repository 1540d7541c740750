"""The ingest: finish a pending load, pull, load, validate, record."""

from datetime import datetime

from ingestion.errors import AnswerTooSlow, ApiDown, LakeUnreachable, LoadRefused
from ingestion.pull.finish import finish, finish_pending
from ingestion.pull.ingest_report import IngestReport
from ingestion.pull.recording import record
from ingestion.pull.whole import WholePull
from ingestion.settings import IngestionSettings
from ingestion.source import health
from ingestion.source.http import Api
from ingestion.source.window import window
from ingestion.validation import raw_validation
from lake import loads
from lake.clock import naive_utc, utc_now


def ingest(
    settings: IngestionSettings,
    *,
    as_of: datetime | None = None,
    full: bool = False,
    run_id: str,
) -> IngestReport:
    """Load what the API has, as of one instant, into the lake: all of it, or nothing.

    A load that a crashed run left is finished first, under that run's clock. Safe to repeat, in
    one process or after any crash. What happened is recorded in `ops/`, after a failure too.

    Args:
        settings: Where the API and the lake are, and all limits.
        as_of: The date of the load and the end of its window (UTC); by default the API's clock,
            else the machine's. Where the API's clock is behind, the window ends there.
        full: Whether the window starts at the beginning.
        run_id: The run that the rows in `ops/` belong to.

    Returns:
        The report of the ingest.

    Raises:
        LoadRefused: Raw validation refused the load.
        IngestionError: Any other failure.
    """
    raw_validation.get_process()
    report = IngestReport(run_id, utc_now())
    failure: Exception | None = None
    try:
        report.finished = finish_pending(settings)
        _ingest(settings, report, as_of, full=full)
    except LoadRefused as refused:
        failure, report.load_id = refused, refused.load_id
    except Exception as error:
        failure = _named(error, settings)
        report.error = str(failure)
    try:
        record(settings, report)
    except OSError as error:
        failure = failure or _named(error, settings)
        failure.add_note(f"This could not be recorded: {error}")
    if failure:
        raise failure
    return report


def _ingest(
    settings: IngestionSettings, report: IngestReport, as_of: datetime | None, *, full: bool
) -> None:
    """Pull, load and validate; `report` holds how far it came."""
    api = Api(settings)
    report.calls = api.calls
    report.health = found = health.check(api)
    report.as_of = naive_utc(as_of) if as_of else found.clock or report.as_of
    if isinstance(found.error, (ApiDown, AnswerTooSlow)):  # the tables would take as long
        raise found.error
    # The API can't have all records of the time ahead of its clock: the cursor would skip them.
    until = min(report.as_of, found.clock or report.as_of)
    cursor = loads.cursor(settings.lake_url, until)
    report.window = window(cursor, until, settings.overlap, full=full)
    pull = WholePull(settings, api, report.run_id, report.as_of, report.window)
    try:
        pending = pull.extract()
    finally:
        report.pulls, report.attempts = pull.pulls(), pull.attempts
    # A window with only records of forgotten people leaves no load.
    if pending and finish(settings, pending):
        report.load_id, report.new_columns = pending.load_id, pending.new_columns


def _named(error: Exception, settings: IngestionSettings) -> Exception:
    if not isinstance(error, OSError):
        return error
    unreachable = LakeUnreachable(settings.lake_url, str(error))
    unreachable.__cause__ = error
    return unreachable
