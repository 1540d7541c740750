"""Compaction of the lake: merges small files, and applies a retention if there is one.

Each folder is replaced by one rename: after a kill the same command continues.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import fsspec
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.pull.pending import PendingPull
from ingestion.settings import IngestionSettings
from ingestion.source.tables import LAKE_TABLES
from lake import files, loads, log, rewriting
from lake.clock import utc_now
from lake.loads import DATASET, ValidationResult
from lake.rewriting import TakeOut

# Larger files read no faster, and rewriting them would free nothing.
LARGE = 128 * 2**20
# Files of the newest days may still be replaced under their names.
RESTING = timedelta(days=2)
# Another process may still decide on a load that is undecided here.
ABANDONED = timedelta(days=7)
# Rows that decide what counts, or record a decision: kept whatever the retention.
LASTING = frozenset(
    {"load_verdicts", "pulls", "schema_changes", "accepted_days", "forgotten", "backups"}
    | {"promotions", "models", "experiments"}
)
SUPERSEDED = "superseded"


@dataclass(slots=True)
class CompactionReport:
    """The result of a compaction."""

    files_before: int = 0
    files_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    superseded: int = 0
    """Records taken out."""
    abandoned: int = 0
    """Files removed of loads that can never count."""


@dataclass(frozen=True, slots=True)
class Retention:
    """The retention: what may be removed; by default nothing."""

    superseded: Mapping[str, pa.Table] = field(default_factory=dict)
    """Of raw tables, the records to take out: `_dlt_load_id`, the table's key, `updated_at`."""
    ops_before: datetime | None = None
    """Rows of `ops/` of earlier days are removed, except those that decide what counts."""
    refused_before: datetime | None = None
    """Loads refused before this are removed, if their windows were pulled again since."""


def compact_lake(
    settings: IngestionSettings, retention: Retention | None = None
) -> CompactionReport:
    """Compact every folder of `raw/` and `ops/`; the caller holds the writer lock.

    Merges files of accepted loads only; skips the pending pull, and loads that may yet be accepted.
    """
    retention = retention or Retention()
    work = _Compaction(settings, retention)
    for table in [*(table.name for table in LAKE_TABLES), "rejected"]:
        for folder in files.folders(work.storage, f"{work.root}/{DATASET}/{table}", "load_date"):
            work.raw(table, folder)
    for table in log.tables(settings.lake_url):
        for folder in reversed(log.days(settings.lake_url, table)):
            work.ops(table, folder)
    return work.done


class _Compaction:
    def __init__(self, settings: IngestionSettings, retention: Retention) -> None:
        self.storage, self.root = fsspec.core.url_to_fs(settings.lake_url)
        self.done = CompactionReport()
        pending = PendingPull.load(settings.pending_file)
        self._pending = pending.load_id if pending else None
        self._retention = retention
        self._results = {one.load_id: one for one in loads.validation_results(settings.lake_url)}
        self._reached = loads.cursor(settings.lake_url, utc_now())

    def raw(self, table: str, folder: str) -> None:
        """Compact a day of a raw table."""
        found = files.current(self.storage, folder)
        files.sweep(self.storage, folder, found)
        accepted = []
        for path in found:
            if files.is_compacted(path) or self._is_accepted(files.load_of(path)):
                accepted.append(path)
            elif self._is_abandoned(files.load_of(path)):
                files.remove(self.storage, [path])
                self.done.abandoned += 1
        self._merge(folder, accepted, self._superseded(table))

    def ops(self, table: str, folder: str) -> None:
        """Compact a day of an ops table, or remove it."""
        day = datetime.fromisoformat(folder.rsplit("=", 1)[-1])
        found = files.current(self.storage, folder)
        if table not in LASTING and self._retention.ops_before and day < self._retention.ops_before:
            files.remove(self.storage, found)
            self.done.files_before += len(found)
            return
        files.sweep(self.storage, folder, found)
        if day > utc_now() - RESTING:
            return
        mine = [path for path in found if not self._may_be_replaced(path)]
        self._merge(folder, mine, None)

    def _merge(self, folder: str, paths: list[str], take_out: TakeOut | None) -> None:
        sizes = {path: int(self.storage.size(path)) for path in paths}
        small = [path for path in paths if sizes[path] < LARGE]
        stale = [
            path for path in paths if take_out and rewriting.marks_any(self.storage, path, take_out)
        ]
        chosen = sorted({*(small if len(small) > 1 else []), *stale})
        self.done.files_before += len(paths)
        self.done.files_after += len(paths) - len(chosen) + bool(chosen)
        self.done.bytes_before += sum(sizes.values())
        self.done.bytes_after += sum(size for path, size in sizes.items() if path not in chosen)
        if not chosen:
            return
        before = sum(sum(files.footer(self.storage, path).removed.values()) for path in chosen)
        target = files.compacted_path(folder)
        footer = rewriting.rewrite(self.storage, chosen, target, take_out)
        files.remove(self.storage, chosen)
        self.done.superseded += sum(footer.removed.values()) - before
        self.done.bytes_after += int(self.storage.size(target))

    def _superseded(self, table: str) -> TakeOut | None:
        old = self._retention.superseded.get(table)
        if old is None or not len(old):
            return None
        return lambda rows: {SUPERSEDED: _is_in(rows, old)}

    def _is_accepted(self, load_id: str) -> bool:
        result = self._results.get(load_id)
        return bool(result and result.verdict == "accepted") and load_id != self._pending

    def _is_abandoned(self, load_id: str) -> bool:
        """Whether a load can never count: it was never decided, or its window was pulled again."""
        if load_id == self._pending:
            return False
        result = self._results.get(load_id)
        if result is None:
            return _age(load_id) > ABANDONED
        return result.verdict == "refused" and self._was_pulled_again(result)

    def _was_pulled_again(self, refused: ValidationResult) -> bool:
        limit = self._retention.refused_before
        return bool(
            limit
            and refused.as_of < limit
            and self._reached
            and refused.updated_until <= self._reached
        )

    def _may_be_replaced(self, path: str) -> bool:
        return bool(self._pending) and files.name_of(path).startswith(str(self._pending))


def _is_in(rows: pa.Table, old: pa.Table) -> pa.Array:
    """For each row whether its load, key and `updated_at` are in `old`."""
    keys = old.column_names
    numbered = rows.select(keys).append_column("row", pa.array(range(len(rows)), pa.int64()))
    old = old.cast(pa.schema([(name, rows.schema.field(name).type) for name in keys]))
    found = numbered.join(old, keys, join_type="left semi")["row"]
    return pc.is_in(numbered["row"], found.combine_chunks()).combine_chunks()


def _age(load_id: str) -> timedelta:
    """The age of a load: dlt names it by the seconds since 1970."""
    try:
        return utc_now() - (datetime(1970, 1, 1) + timedelta(seconds=float(load_id)))
    except (ValueError, OverflowError):
        return timedelta(0)
