"""The project's own API, days apart: each day brings what changed, and together it is all there."""

from datetime import datetime, timedelta
from pathlib import Path

from ingestion.pull.ingest import ingest
from ingestion.settings import IngestionSettings
from tests.support.landing import COLUMNS, accepted, in_order, landed
from tests.support.source_server import RunningSource, source

DAY = datetime(2026, 3, 1, 21)
SMALL = ("--users", "60", "--tracks", "80", "--days", "20", "--seed", "3")


def at(data_dir: Path, clock: datetime) -> list[str]:
    return [*SMALL, "--as-of", clock.isoformat(), "--data-dir", str(data_dir)]


def newest(records: list[tuple[object, ...]], key: int) -> dict[tuple[object, ...], object]:
    """The newest version of each record: the last column is `updated_at`."""
    ordered = sorted(records, key=lambda record: str(record[-1]))
    return {(*record[:1], record[-2])[:key]: record for record in ordered}


def test_days_of_our_own_api_add_up_to_what_it_has(tmp_path: Path) -> None:
    world, data_dir = tmp_path / "world", tmp_path / "data"
    settings = IngestionSettings(data_dir=data_dir)
    for day in range(3):
        with source(world, *at(world, DAY + timedelta(days=day))) as running:
            result = _ingest(settings, running, f"day {day}")
            assert result == DAY + timedelta(days=day)
            everything = {table: _records(running, table) for table in COLUMNS}
    assert len(accepted(settings.lake_url)) == 3
    for table, records in everything.items():
        key = 2 if table == "listen_history" else 1
        assert records
        assert newest(landed(settings.lake_url, table), key) == newest(records, key)


def _ingest(settings: IngestionSettings, running: RunningSource, run_id: str) -> datetime:
    return ingest(settings.model_copy(update={"api_url": running.url}), run_id=run_id).as_of


def _records(running: RunningSource, table: str) -> list[tuple[object, ...]]:
    return in_order(
        [
            tuple(
                datetime.fromisoformat(record[name]) if name.endswith("_at") else record[name]
                for name in COLUMNS[table]
            )
            for record in running.records(table, updated_until="2026-03-03T21:00:00")
        ]
    )
