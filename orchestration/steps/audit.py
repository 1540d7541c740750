"""The audit: compares the marts with a full pull of the app's API."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.run.errors import NotReconciled
from orchestration.run.lock import WriterLock
from orchestration.run.settings import Settings

if TYPE_CHECKING:
    import duckdb

# Of each table of the API: its staging model, its key there, and where its records are kept.
KEPT_IN = {
    "tracks": ("stg_raw__tracks", "track_id", "main.dim_tracks where not is_inferred"),
    "users": ("stg_raw__users", "user_id", "main.dim_users where not is_inferred"),
    "listen_history": ("stg_raw__listen_history", "user_id, started_at", "staging.int_sessions"),
}


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One table of the API against the marts, counted in keys."""

    table: str
    sent: int
    """Keys in the full pull that break no rule."""
    missing: int
    """Of these, keys that the marts lack."""
    vanished: int
    """Keys in the marts that the API has no longer; they stay."""

    def __str__(self) -> str:
        gone = f", {self.vanished:,} vanished there" if self.vanished else ""
        return f"{self.table} {self.sent:,} of {self.sent:,}{gone}"


def reconcile(settings: Settings, lock: WriterLock, load_id: str) -> list[Reconciliation]:
    """Compare the full pull `load_id` with the build file, key by key.

    Raises `NotReconciled` when the API has a record that the marts lack.

    Args:
        settings: Where the data folder and the lake are.
        lock: The writer lock of the data folder.
        load_id: The load of the full pull.

    """
    from orchestration.warehouse.engines.object_storage import open_build

    lock.require_for(settings.data_dir)
    with open_build(settings) as built:
        found = [_compared(built, table, load_id) for table in KEPT_IN]
    if lacking := [f"{one.table} lacks {one.missing:,}" for one in found if one.missing]:
        raise NotReconciled(f"of the API's records, {', '.join(lacking)} (full pull {load_id})")
    return found


def _compared(built: "duckdb.DuckDBPyConnection", table: str, load_id: str) -> Reconciliation:
    staged, key, kept = KEPT_IN[table]
    sent = (
        f"select distinct {key} from staging.{staged} where load_id = $1 and violated_rule is null"
    )
    known = f"select distinct {key} from {kept}"
    counts = f"""
        with sent as ({sent}), known as ({known})
        select
            (select count(*) from sent),
            (select count(*) from (from sent except from known)),
            (select count(*) from (from known except from sent))
    """
    return Reconciliation(table, *built.execute(counts, [load_id]).fetchall()[0])
