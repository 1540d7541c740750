"""A reader that opens the published file before, during and after a publication never fails."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.run.lock import WriterLock, hold
from orchestration.run.settings import Settings
from orchestration.warehouse.publishing.publish import publish
from tests.support.validated import mark_validated

PUBLICATIONS = 40
PATIENCE = 200
"""Publications after which no writer is waited for: a busy machine lets them work seldom."""
TRACKS = 20_000

# Keeps one connection from the start, and opens the file again, as a new process would, until asked
# to end; then reports every version that it saw. Any error or mix ends it with a traceback.
READER = """
import json, select, sys, duckdb

def seen(file):
    version, = file.sql("select version from publication").fetchone()
    mixed, rows = file.sql(
        "select count(*) filter (generation != (select version from publication)), count(*)"
        " from (select id, generation from dim_tracks union all from dim_users)"
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
READER_THAT_STAYS = """
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
    output, complained = reader.communicate("end\n", timeout=60)
    assert (reader.returncode, complained) == (0, "")
    return output


def _generation(settings: Settings, number: int, rows: int = TRACKS) -> None:
    """Build tables whose every row has the version that it belongs to; their schema changes."""
    tables = ["dim_tracks", "dim_users"] + (["third"] if number % 3 == 0 else [])
    more = f", {number}.5 as column_{number}" if number % 2 else ""
    with duckdb.connect(settings.build_file) as made:
        for table in tables:
            made.execute(
                f"create or replace table {table} as select i::integer as id,"
                f" {number} as generation{more if table == 'dim_tracks' else ''}"
                f" from range({rows}) as m(i)"
            )
    mark_validated(settings.build_file, tables)


@pytest.fixture
def settings() -> Iterator[Settings]:
    """In a folder that every account of the machine may enter, as no folder of pytest's is."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Settings(data_dir=Path(folder))


def test_readers_before_during_and_after_see_one_publication_each(settings: Settings) -> None:
    with hold(settings.data_dir, "publish") as lock:
        _publish_generation(settings, lock, 1)
        reader = _start(READER, settings.marts_file)
        staying = _start(READER_THAT_STAYS, settings.marts_file)
        for number in range(2, PUBLICATIONS + 1):
            _publish_generation(settings, lock, number)
    assert _end(staying) == "same\n"
    versions = json.loads(_end(reader))
    assert versions == sorted(versions)
    assert versions[0] == 1
    assert versions[-1] <= PUBLICATIONS
    assert len(set(versions)) > PUBLICATIONS / 4, "the reader hardly met a publication"


def _publish_generation(
    settings: Settings, lock: WriterLock, number: int, rows: int = TRACKS
) -> None:
    _generation(settings, number, rows)
    assert publish(settings, lock).version == number


@pytest.mark.parametrize(
    ("readers", "writers", "publications"),
    [(4, 2, 8), pytest.param(28, 4, 50, marks=[pytest.mark.slow, pytest.mark.timeout(1_800)])],
)
def test_whoever_writes_every_fresh_read_is_one_publication_as_published(
    settings: Settings, readers: int, writers: int, publications: int
) -> None:
    rows = 2_000
    sessions = settings.data_dir / "sessions"
    sessions.touch()
    about = [*map(str, (settings.marts_file, readers, writers, rows, sessions))]
    with hold(settings.data_dir, "publish") as lock:
        _publish_generation(settings, lock, 1, rows)
        crowd = subprocess.Popen(
            [sys.executable, "-m", "tests.support.crowd", *about],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert crowd.stdout is not None
        assert crowd.stdout.readline() == "reading\n"
        number = 1
        while number < publications or (sessions.stat().st_size < writers and number < PATIENCE):
            _publish_generation(settings, lock, number := number + 1, rows)
    output, complained = crowd.communicate(timeout=300)
    assert (crowd.returncode, complained) == (0, "")
    report = json.loads(output)
    children = report["children"]
    assert len(children) == readers + writers
    assert [one["error"] for one in children if "error" in one] == []
    assert all(one["versions"] for one in children if "versions" in one)
    assert sum(one.get("sessions", 0) for one in children) >= writers, "hardly anybody wrote"
    assert "Permission denied" in report["refused"]
    assert len(list(settings.data_dir.glob("publications/marts/0*"))) == 2
