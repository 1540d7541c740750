"""A reader that opens the published file before, during and after a publication never fails."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.lock import WriterLock, hold
from orchestration.publish import publish
from orchestration.settings import Settings

PUBLICATIONS = 40
TRACKS = 20_000

# Keeps one connection from the start, and opens the file anew, as a new process would, until told
# to end; then tells every version that it saw. Any error or mix ends it with a traceback.
READER = """
import json, select, sys, duckdb

def seen(file):
    version, = file.sql("select version from publication").fetchone()
    mixed, rows = file.sql(
        "select count(*) filter (generation != (select version from publication)), count(*)"
        " from (from dim_tracks union all from dim_users)"
    ).fetchone()
    assert (mixed, rows) == (0, 2 * int(sys.argv[2])), (version, mixed, rows)
    return version

first = duckdb.connect(sys.argv[1], read_only=True)
versions = [seen(first)]
first.close()
print("reading", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    with duckdb.connect(sys.argv[1], read_only=True) as file:
        versions.append(seen(file))
print(json.dumps(versions))
"""
KEEPER = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as file:
    read = lambda: file.sql(
        "select any_value(version), min(generation), max(generation) from publication, dim_tracks"
    ).fetchall()
    before = read()
    print("reading", flush=True)
    sys.stdin.readline()
    assert read() == before, (before, read())
    print("same")
"""


def _start(code: str, path: Path) -> subprocess.Popen[str]:
    reader = subprocess.Popen(
        [sys.executable, "-c", code, str(path), str(TRACKS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "reading\n"
    return reader


def _end(reader: subprocess.Popen[str]) -> str:
    said, complained = reader.communicate("end\n", timeout=60)
    assert (reader.returncode, complained) == (0, "")
    return said


def _generation(settings: Settings, number: int) -> None:
    """Build two tables whose every row tells the version that it belongs to."""
    with duckdb.connect(settings.build_file) as made:
        for table in ("dim_tracks", "dim_users"):
            made.execute(
                f"create or replace table {table} as"
                f" select i::integer as id, {number} as generation from range({TRACKS}) as m(i)"
            )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path)
    with duckdb.connect(settings.build_file) as made:
        made.execute(
            "create schema ledger;"
            "create table ledger.state as"
            "  select 'sealed' as status, 'invocation' as invocation_id, 'hash' as model_hash,"
            "  timestamp '2026-01-02' as sealed_at;"
            "create table ledger.loads (load_id varchar, as_of timestamp, is_published boolean);"
            "create table ledger.personal_columns"
            " (schema_name varchar, table_name varchar, column_name varchar);"
            "create table ledger.relations as"
            "  select 'main' as schema_name, unnest(['dim_tracks', 'dim_users']) as table_name"
        )
    return settings


def test_readers_before_during_and_after_see_one_publication_each(settings: Settings) -> None:
    with hold(settings.data_dir, "publish") as lock:
        _publish_generation(settings, lock, 1)
        reader = _start(READER, settings.marts_file)
        keeper = _start(KEEPER, settings.marts_file)
        for number in range(2, PUBLICATIONS + 1):
            _publish_generation(settings, lock, number)
    assert _end(keeper) == "same\n"
    versions = json.loads(_end(reader))
    assert versions == sorted(versions)
    assert versions[0] == 1
    assert versions[-1] <= PUBLICATIONS
    assert len(set(versions)) > PUBLICATIONS / 4, "the reader hardly met a publication"


def _publish_generation(settings: Settings, lock: WriterLock, number: int) -> None:
    _generation(settings, number)
    assert publish(settings, lock).version == number
