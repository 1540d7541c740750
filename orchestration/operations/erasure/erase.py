"""Erase a person from the lake and from every file below the data folder."""

from dataclasses import dataclass

from orchestration.operations.erasure import databases, everywhere
from orchestration.run.lock import WriterLock
from orchestration.run.settings import Settings
from orchestration.warehouse.publishing.published_files import require_whole


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """Counts of an erasure: records removed from the lake, and rewritten files."""

    records: int
    files: int


def erase(
    settings: Settings, lock: WriterLock, user_id: int, reason: str, run_id: str
) -> ErasureReport:
    """Erase a person from the lake and from every file below the data folder.

    What is known by its text goes first, as long as address and names can still be looked up; then
    what is known by its id. So a crash leaves nothing that the same command could not find again.

    Args:
        settings: Where the data folder and the lake are.
        lock: The writer lock of the data folder.
        user_id: The app's id of the person.
        reason: Why, for the record.
        run_id: The run that asks, for the rows of `ops/`.

    """
    from ingestion import lake_erasure
    from ingestion.erasure import forgotten
    from ingestion.settings import IngestionSettings

    lock.require_for(settings.data_dir)
    everywhere.sweep(settings)
    require_whole(settings)
    given = IngestionSettings(data_dir=settings.data_dir, lake_url=settings.lake_url)
    person = databases.learn(settings, lake_erasure.find(given, user_id))
    forgotten.record(given, person, "begun", reason=reason, run_id=run_id)
    lake_erasure.drop_work_in_progress(given)
    events = everywhere.erase_feedback(settings, user_id)
    texts = lake_erasure.erase_texts(given, person)
    files = everywhere.erase_texts(settings, person)
    files += everywhere.erase_tables(settings, person)
    records = lake_erasure.erase_records(given, person)
    forgotten.record(given, person, "finished", reason=reason, run_id=run_id)
    return ErasureReport(
        records=events + texts.records + records.records,
        files=files + texts.files + records.files,
    )
