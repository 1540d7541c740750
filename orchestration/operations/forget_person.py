"""The command `forget`: erase a person from all that runs have written; safe to repeat."""

from dataclasses import dataclass

from orchestration.operations.backups import erasure_list
from orchestration.operations.backups.restoring import sweep
from orchestration.operations.compaction import open_lake
from orchestration.operations.erasure import databases, everywhere
from orchestration.operations.erasure.erase import erase
from orchestration.run.errors import UnknownUser
from orchestration.run.runs import Run
from orchestration.run.settings import Settings
from orchestration.warehouse.engines.lakehouse import share


@dataclass(frozen=True, slots=True)
class RemainingBackups:
    """Backups that an erasure can't change, and erasure lists that could not be reached."""

    backups: list[str]
    """Those made before; they may hold the person still."""
    unreached: list[str]
    """Places of backups that don't know of this forgetting."""


def forget(run: Run, user_id: int, reason: str, *, unknown: bool = False) -> RemainingBackups:
    """Erase a person and keep the keyed hash that drops later records of the same id.

    Raises `UnknownUser` for an id that no record has, unless such are asked for.

    Args:
        run: The run that asks: its settings, lock and console.
        user_id: The app's id of the person.
        reason: Why, for the record.
        unknown: Whether an id may be forgotten that no record has.

    """
    with run.step("forget") as step:
        if not unknown:
            _require_known(run.settings, user_id)
        sweep(run.settings.data_dir)
        done = erase(run.settings, run.lock, user_id, reason, run.run_id)
        step.rows = done.records
        step.what = f"{done.records:,} records erased, {done.files} files rewritten"
    if run.settings.build_file.exists():
        with run.step("views"):
            open_lake(run.settings)
    with run.step("backups") as step:
        unreached = [str(place) for place in erasure_list.keep_beside_all(run.settings)]
        left = RemainingBackups(erasure_list.holding(run.settings), unreached)
        step.what = f"{len(left.backups)} made before; what is restored from them is erased again"
    if run.settings.lakehouse.get_secret_value():
        with run.step("share") as step:
            step.what = f"{share(run.settings, keep_former=False)} tables in the lakehouse"
    return left


def _require_known(settings: Settings, user_id: int) -> None:
    """Refuse an id that no record has, and no erasure, finished or not, was about."""
    from ingestion import lake_erasure
    from ingestion.erasure import forgotten
    from ingestion.settings import IngestionSettings

    given = IngestionSettings(data_dir=settings.data_dir, lake_url=settings.lake_url)
    everywhere.sweep(settings)
    known = forgotten.people(given).is_one(user_id) or user_id in lake_erasure.ids(given)
    known = known or everywhere.is_in_inbox(settings, user_id)
    if not known and user_id not in databases.ids(settings):
        raise UnknownUser(user_id)
