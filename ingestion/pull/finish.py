"""What follows a pull: its load into the lake, the rows about it, and last its verdict."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime

from ingestion.errors import LoadRefused, PackageDamaged
from ingestion.pull import bookkeeping, pipeline
from ingestion.pull.pending import InFlight
from ingestion.pull.reading import Pull
from ingestion.settings import IngestionSettings
from ingestion.source.window import Window
from ingestion.validation import gate
from ingestion.validation.data_docs import INDEX
from ingestion.validation.gate import Judgement
from lake import loads, log
from lake.clock import utc_now
from lake.loads import SOURCE, Verdict


def finish_pending(settings: IngestionSettings) -> tuple[str, ...]:
    """Finish what a crashed run left, under its own clock; returns the load's id if it counts now.

    No note, nothing pending. A note whose load never was committed, and is not pending either,
    tells of a pull that is simply asked for again. Raises `LoadRefused` like `finish`.
    """
    if not settings.note.exists():
        return ()
    note = _note(settings)
    is_whole = bookkeeping.is_package_whole(settings.dlt_dir / SOURCE)
    if note and is_whole and _belongs(note, settings):
        with suppress(PackageDamaged):
            return (note.load_id,) if finish(settings, note) else ()
    # What is left of another lake's pull, or can't be read any more: it is asked for again.
    pipeline.start_anew(settings)
    settings.note.unlink()
    return ()


def _note(settings: IngestionSettings) -> InFlight | None:
    """The note of the pull in flight; None where it is damaged."""
    try:
        return InFlight.load(settings.note)
    except (ValueError, LookupError, TypeError):
        return None


def finish(settings: IngestionSettings, note: InFlight) -> bool:
    """Load the package of the note, write its rows, let the gate decide; whether there is a load.

    Each step can be done twice without a trace, so a crash anywhere in here is mended by doing all
    of it again: file names come from the load's id, and a verdict is never written over.
    Raises `LoadRefused` when all of that is done, `GateFailed` with the load undecided.
    """
    pipeline.load(pipeline.open_pipeline(settings, note.as_of), settings.lake_url)
    refusal = None
    committed = loads.is_committed(settings.lake_url, note.load_id)
    if committed:
        refusal = _write(settings, note)
    settings.note.unlink()
    if refusal:
        raise LoadRefused(note.load_id, refusal, settings.quality_dir / INDEX)
    return committed


def record(  # noqa: PLR0913 - the columns of a row
    settings: IngestionSettings,
    pulls: Iterable[Pull],
    *,
    run_id: str,
    as_of: datetime,
    window: Window | None,
    load_id: str | None = None,
    error: str | None = None,
) -> None:
    """Write what each table's pull brought and cost; `error` makes them failed ones."""
    about = {
        "run_id": run_id,
        "load_id": load_id,
        "outcome": "failed" if error else "whole",
        "error": error,
        "as_of": as_of,
        "kind": window and window.kind,
        "updated_since": window and window.since,
        "updated_until": window and window.until,
    }
    rows = []
    for pull in pulls:
        counts = asdict(pull)
        rows.append({**about, "table_name": counts.pop("table"), **counts})
    log.append(settings.lake_url, "pulls", rows, as_of.date(), load_id)


def _belongs(note: InFlight, settings: IngestionSettings) -> bool:
    """Whether the note is of this lake, and the lake still holds what the pull continued."""
    if note.lake_url != settings.lake_in_notes:
        return False
    return note.window.since is None or loads.cursor(settings.lake_url, note.as_of) is not None


def _write(settings: IngestionSettings, note: InFlight) -> str | None:
    """Write the load's rows and its verdict; why the gate refused it, if it did."""
    record(
        settings,
        note.pulls,
        run_id=note.run_id,
        as_of=note.as_of,
        window=note.window,
        load_id=note.load_id,
    )
    if note.new_columns:
        _report_columns(settings, note)
    if loads.is_decided(settings.lake_url, note.load_id):
        return None
    judged = gate.begun().judge(settings.lake_url, _verdict(note, None), settings.quality_dir)
    _write_judgement(settings, note, judged)
    loads.decide(settings.lake_url, _verdict(note, judged.refusal), by="gate")
    return judged.refusal


def _write_judgement(settings: IngestionSettings, note: InFlight, judged: Judgement) -> None:
    about = {"run_id": note.run_id, "load_id": note.load_id}
    now, day = utc_now(), note.as_of.date()
    findings = [
        {**about, **finding, "as_of": note.as_of, "checked_at": now} for finding in judged.findings
    ]
    nulls = [{**about, **one, "place": "raw", "measured_at": now} for one in judged.nulls]
    log.append(settings.lake_url, "quality_results", findings, day, note.load_id)
    log.append(settings.lake_url, "column_nulls", nulls, day, note.load_id)


def _report_columns(settings: IngestionSettings, note: InFlight) -> None:
    rows = [
        {
            "run_id": note.run_id,
            "load_id": note.load_id,
            "table_name": table,
            "column_name": column,
            "change": "added",
            "was": None,
            "is_now": "VARCHAR",
            "seen_at": note.as_of,
        }
        for table, column in note.new_columns
    ]
    log.append(settings.lake_url, "schema_changes", rows, note.as_of.date(), note.load_id)


def _verdict(note: InFlight, refusal: str | None) -> Verdict:
    return Verdict(
        load_id=note.load_id,
        verdict="refused" if refusal else "accepted",
        reason=refusal,
        kind=note.window.kind,
        as_of=note.as_of,
        updated_since=note.window.since,
        updated_until=note.window.until,
        decided_at=utc_now(),
        run_id=note.run_id,
    )
