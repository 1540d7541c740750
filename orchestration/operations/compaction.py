"""Compaction of the lake as a step, with what the build knows of its records."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.clock import naive_utc, utc_now
from orchestration.run.errors import NotValidated
from orchestration.run.runs import Run
from orchestration.run.settings import Settings
from orchestration.warehouse.dbt_commands.dbt import dbt

if TYPE_CHECKING:
    import pyarrow as pa

# A record of which the same load has two versions of one instant is left alone.
_ALONE = "count(*) over (partition by load_id, {key}, updated_at) = 1"
# The first delivery dates a version, the last one shows when it was last seen.
_REPEATED = """
    select load_id as _dlt_load_id, {id} as id, updated_at
    from (
        select
            *,
            min(load_id) over deliveries as first_load,
            max(etl_updated_at) over deliveries as last_delivered_at
        from staging.stg_raw__{table}
        where violated_rule is null
        window deliveries as (partition by {id}, {content}, updated_at)
    ) as delivered
    where load_id <> first_load and etl_updated_at <> last_delivered_at and etl_updated_at < $before
    qualify {alone}
"""
_SUPERSEDED_SESSIONS = """
    select load_id as _dlt_load_id, user_id, started_at as created_at, updated_at
    from staging.stg_raw__listen_history as records
    where
        violated_rule is null
        and etl_updated_at < $before
        and exists (
            select 1 from staging.int_sessions as winners
            where
                winners.user_id = records.user_id
                and winners.started_at = records.started_at
                and winners.is_winner
                and winners.updated_at > records.updated_at
        )
"""
KEYS = {"tracks": "track_id", "users": "user_id"}


def compact(run: Run, keep_superseded: int | None, keep_ops: int | None) -> None:
    """Compact the lake; days to keep are of superseded records, and of rows in `ops/`.

    Args:
        run: The run that asks: its settings, lock and console.
        keep_superseded: Days that superseded records are kept; None for all.
        keep_ops: Days that rows of `ops/` are kept; None for all.

    """
    from ingestion.compact import Retention, compact_lake
    from ingestion.settings import IngestionSettings

    settings = run.settings
    with run.step("compact") as step:
        before = _days_ago(keep_ops)
        retention = Retention(
            superseded=_superseded(settings, _days_ago(keep_superseded)),
            ops_before=before,
            refused_before=_days_ago(keep_superseded),
        )
        given = IngestionSettings(data_dir=settings.data_dir, lake_url=settings.lake_url)
        done = compact_lake(given, retention)
        if before:
            _forget_logs(settings, before)
        step.rows = done.superseded
        step.what = (
            f"{done.files_before:,} files are {done.files_after:,},"
            f" {done.bytes_before / 1e6:,.1f} MB are {done.bytes_after / 1e6:,.1f} MB"
        )
    if settings.build_file.exists():
        with run.step("views"):
            open_lake(settings)


def open_lake(settings: Settings) -> None:
    """Point the build file's views to the files that the lake has now."""
    dbt(settings, "run-operation", "open_lake")


def _days_ago(days: int | None) -> datetime | None:
    return None if days is None else utc_now() - timedelta(days=days)


def _superseded(settings: Settings, before: datetime | None) -> "dict[str, pa.Table]":
    """Records that no mart and no history needs: what dbt decided, not a second opinion."""
    from orchestration.warehouse.engines.object_storage import open_build

    if before is None:
        return {}
    open_lake(settings)
    with open_build(settings) as built:
        _require_whole(built, settings.build_file)
        return {
            table: built.execute(sql, {"before": before}).to_arrow_table()
            for table, sql in superseded_queries().items()
        }


def superseded_queries() -> dict[str, str]:
    """Return, for each raw table, the query for its records that are superseded `$before`."""
    repeated = {table: _repeated(table, key) for table, key in KEYS.items()}
    return {**repeated, "listen_history": _SUPERSEDED_SESSIONS}


def _repeated(table: str, key: str) -> str:
    from lake.schemas import RAW

    content = [name for name in RAW[table].names if name not in ("id", "updated_at")]
    alone = _ALONE.format(key=key)
    return _REPEATED.format(table=table, id=key, content=", ".join(content), alone=alone)


def _require_whole(built: Any, path: Path) -> None:  # noqa: ANN401 - duckdb is imported late
    """A build can't decide about loads that it has not read."""
    is_whole = built.sql(
        "select exists (select 1 from ledger.state where status = 'validated')"
        " and not exists (select 1 from staging.stg_ops__loads"
        " where load_id not in (select load_id from ledger.loads))"
    ).fetchall()[0][0]
    if not is_whole:
        raise NotValidated(
            path, "it has not read all of the lake well, so nothing is known to be old"
        )


def _forget_logs(settings: Settings, before: datetime) -> None:
    """Remove what dbt logged before an instant, and has moved aside since."""
    for log in (settings.dbt_dir / "logs").glob("dbt.log.*"):
        if naive_utc(datetime.fromtimestamp(log.stat().st_mtime, UTC)) < before:
            log.unlink()
