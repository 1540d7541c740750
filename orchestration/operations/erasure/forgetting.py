"""Forget a person, everywhere that a run has written to; safe to do again after any crash."""

from dataclasses import dataclass

from orchestration.operations.backups import forgetting as backups
from orchestration.operations.backups.restoring import sweep
from orchestration.operations.compaction import open_lake
from orchestration.operations.erasure import databases, everywhere
from orchestration.run.errors import NobodyKnown
from orchestration.run.lock import WriterLock
from orchestration.run.runs import Run
from orchestration.run.settings import Settings
from orchestration.warehouse.engines.lakehouse import share
from orchestration.warehouse.publishing.published_files import require_whole


@dataclass(frozen=True, slots=True)
class Done:
    """What forgetting took: records out of the lake, and files written anew."""

    records: int
    files: int


@dataclass(frozen=True, slots=True)
class Left:
    """What forgetting can't change: backups, and lists beside them that could not be reached."""

    backups: list[str]
    """Those made before; they may hold the person still."""
    unreached: list[str]
    """Places of backups that don't know of this forgetting."""


def forget(run: Run, user_id: int, reason: str, *, unknown: bool = False) -> Left:
    """Erase a person and keep the keyed hash that drops later records of the same id.

    Raises `NobodyKnown` for an id that no record has, unless such are asked for.
    """
    with run.step("forget") as step:
        if not unknown:
            _require_known(run.settings, user_id)
        done = erase(run.settings, run.lock, user_id, reason, run.run_id)
        step.rows = done.records
        step.what = f"{done.records:,} records gone, {done.files} files written anew"
    if run.settings.build_file.exists():
        with run.step("views"):
            open_lake(run.settings)
    with run.step("backups") as step:
        unreached = [str(place) for place in backups.keep_beside_all(run.settings)]
        left = Left(backups.holding(run.settings), unreached)
        step.what = f"{len(left.backups)} made before; what is restored from them is erased again"
    if run.settings.lakehouse.get_secret_value():
        with run.step("share") as step:
            step.what = f"{share(run.settings, keep_former=False)} tables in the lakehouse"
    return left


def erase(settings: Settings, lock: WriterLock, user_id: int, reason: str, run_id: str) -> Done:
    """Erase a person from the lake and from every file below the data folder.

    What is known by its text goes first, as long as address and names can still be looked up; then
    what is known by its id. So a crash leaves nothing that the same command could not find again.
    """
    from ingestion import forget as lake
    from ingestion.erasure import forgotten
    from ingestion.settings import IngestionSettings

    lock.require_for(settings.data_dir)
    sweep(settings.data_dir)
    everywhere.sweep(settings)
    require_whole(settings)
    given = IngestionSettings(data_dir=settings.data_dir, lake_url=settings.lake_url)
    person = databases.learn(settings, lake.find(given, user_id))
    forgotten.note(given, person, "begun", reason=reason, run_id=run_id)
    lake.drop_work_in_progress(given)
    texts = lake.erase_texts(given, person)
    files = everywhere.erase_texts(settings, person)
    files += everywhere.erase_tables(settings, person)
    records = lake.erase_records(given, person)
    forgotten.note(given, person, "finished", reason=reason, run_id=run_id)
    return Done(
        records=texts.records + records.records,
        files=files + texts.files + records.files,
    )


def _require_known(settings: Settings, user_id: int) -> None:
    """Refuse an id that no record has, and no erasure, finished or not, was about."""
    from ingestion import forget as lake
    from ingestion.erasure import forgotten
    from ingestion.settings import IngestionSettings

    given = IngestionSettings(data_dir=settings.data_dir, lake_url=settings.lake_url)
    everywhere.sweep(settings)
    known = forgotten.people(given).is_one(user_id) or user_id in lake.ids(given)
    if not known and user_id not in databases.ids(settings):
        raise NobodyKnown(user_id)
