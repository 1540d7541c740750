"""A data folder of version 0.1.0 runs its next day with today's code, and nothing is lost."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from lake.version import FORMAT, STAMP
from orchestration.run.settings import ROOT
from tests.data_folders.make import PLACE, PROMISED, WORLD, move
from tests.support.installation import Installation

OLDER = ROOT / "tests" / "data_folders" / "0.1.0"
NEXT_DAY = "2026-01-31T06:00:00"
MOST_BYTES = 1_000_000
KEY = "user_id, listened_at, session_position, track_id"


@pytest.fixture
def older(data_dir: Path) -> Installation:
    shutil.copytree(OLDER, data_dir, dirs_exist_ok=True)
    move(data_dir, PLACE, str(data_dir))
    return Installation(data_dir, WORLD)


@contextmanager
def marts(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(file, read_only=True) as opened:
        yield opened


def test_the_folder_is_small() -> None:
    assert 0 < sum(path.stat().st_size for path in OLDER.rglob("*") if path.is_file()) < MOST_BYTES


def test_the_next_day_loses_nothing(older: Installation) -> None:
    raw = {path: path.read_bytes() for path in (older.data_dir / "lake" / "raw").rglob("*.parquet")}
    runs, (promoted,) = older.ops("runs"), older.ops("promotions")
    with marts(older.marts) as before:
        listens = set(before.sql(f"select {KEY} from fact_listen_history").fetchall())
        people = {row[0] for row in before.sql("select user_id from dim_users").fetchall()}
        columns = {table: before.table(table).columns for table in PROMISED}
    assert raw
    assert runs
    assert listens

    report = older.does("run", "--as-of", NEXT_DAY)

    assert f"is upgraded from format 1 to {FORMAT}" in report
    assert json.loads((older.data_dir / STAMP).read_bytes())["format"] == FORMAT
    with marts(older.marts) as after:
        for table in PROMISED:
            assert after.table(table).columns[: len(columns[table])] == columns[table]
        now = set(after.sql(f"select {KEY} from fact_listen_history").fetchall())
        assert listens < now, "the next day brought listens, and none of those before went"
        assert people <= {row[0] for row in after.sql("select user_id from dim_users").fetchall()}
        versions = after.sql("select distinct model_version from recommendations").fetchall()
    assert versions == [(promoted["model_version"],)]
    assert {path: path.read_bytes() for path in raw} == raw
    assert [row for row in runs if row not in older.ops("runs")] == []
    assert "upgraded" not in older.does("publish")


def test_a_newer_folder_is_refused_in_one_line(older: Installation) -> None:
    stamp = json.dumps({"format": FORMAT + 1, "written_by": "9.0.0"})
    (older.data_dir / STAMP).write_text(stamp)
    files = {path for path in older.data_dir.rglob("*") if path.is_file()}
    complaint = older.fails("run", "--as-of", NEXT_DAY)
    assert len(complaint.strip().splitlines()) == 1
    assert "install version 9.0.0 or newer" in complaint
    left = {path for path in older.data_dir.rglob("*") if path.is_file()}
    assert left - files <= {older.data_dir / ".writer.lock"}
