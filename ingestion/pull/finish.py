"""The steps after a pull: dlt's load into the lake, raw validation, the decision."""

from contextlib import suppress

from ingestion.errors import LoadRefused, PackageDamaged
from ingestion.pull import bookkeeping, pipeline
from ingestion.pull.pending import PendingPull
from ingestion.pull.recording import decision, record_load
from ingestion.settings import IngestionSettings
from ingestion.validation import raw_validation
from ingestion.validation.data_docs import INDEX
from lake import loads
from lake.loads import SOURCE


def finish_pending(settings: IngestionSettings) -> tuple[str, ...]:
    """Finish the load of a crashed run, under its own clock; return its id if it counts now.

    A record without a package and without a committed load is of a pull to be repeated.

    Raises:
        LoadRefused: as in `finish`.
    """
    if not settings.pending_file.exists():
        return ()
    pending = PendingPull.load(settings.pending_file)
    is_whole = bookkeeping.is_package_whole(settings.dlt_dir / SOURCE)
    if pending and is_whole and _belongs(pending, settings):
        with suppress(PackageDamaged):
            return (pending.load_id,) if finish(settings, pending) else ()
    # The rest of a pull for another lake, or a damaged one: it is requested again.
    pipeline.reset(settings)
    settings.pending_file.unlink()
    return ()


def finish(settings: IngestionSettings, pending: PendingPull) -> bool:
    """Load the package of a pull, validate the load and record it; return whether there is a load.

    Each step can be repeated without a trace, so the next run continues after a crash at any
    point: file names come from the load's id, and a decision is never overwritten.

    Raises:
        LoadRefused: when all of that is done and the load doesn't count.
        RawValidationFailed: the load stays undecided until the next run.
    """
    pipeline.load(pipeline.open_pipeline(settings, pending.as_of), settings.lake_url)
    committed = loads.is_committed(settings.lake_url, pending.load_id)
    refusal = _validate(settings, pending) if committed else None
    settings.pending_file.unlink()
    if refusal:
        raise LoadRefused(pending.load_id, refusal, settings.quality_dir / INDEX)
    return committed


def _validate(settings: IngestionSettings, pending: PendingPull) -> str | None:
    """Validate a committed load and record the result; return why it is refused, if it is.

    A load that has a result from before a crash keeps it, and a refusal is reported again.
    """
    day = pending.as_of.date()
    if result := loads.result_of(settings.lake_url, pending.load_id, day):
        record_load(settings, pending, None)
        return result.reason if result.verdict == "refused" else None
    load = decision(pending, None)
    validation = raw_validation.get_process().validate(
        settings.lake_url, load, settings.quality_dir
    )
    record_load(settings, pending, validation)
    return validation.refusal


def _belongs(pending: PendingPull, settings: IngestionSettings) -> bool:
    """Whether the pull was for this lake, and the lake still holds what it continued."""
    if pending.lake_url != settings.lake_name:
        return False
    return (
        pending.window.since is None or loads.cursor(settings.lake_url, pending.as_of) is not None
    )
