"""What an adversary, a failing disk or a wrong clock does: one clear line, and nothing lost."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from ingestion.compact import compact_lake
from ingestion.erasure.forgotten import unfinished
from ingestion.settings import IngestionSettings
from ingestion.validation.accept import accept
from lake import files, loads, log
from lake.errors import DamagedFile
from orchestration.operations.erasure.erase import erase
from orchestration.operations.forget_person import forget
from orchestration.run.console import Console
from orchestration.run.error_messages import message_of
from orchestration.run.errors import NotErased, UnknownUser
from orchestration.run.lock import hold
from orchestration.run.runs import recorded
from orchestration.run.settings import Settings
from orchestration.warehouse.origin import manifest_hash
from tests.support.lake import Lake, Load, session

DAY = datetime(2026, 1, 10, 6)
ADA, BOB = 1_876_543_219, 2
EMAIL = "quuxley.zyx@forget-me.example"
# Several blocks of text, so that a copy of them can't be written where little may be.
BULK = f"""
    create table texts as
    select {BOB} as user_id, sha256(i::text) || sha256((-i - 1)::text) as text
    from range(20000) as numbers (i)
"""


def _load(load_id: str) -> Load:
    profile = {"first_name": "Zyx", "last_name": "Quux", "created_at": DAY, "updated_at": DAY}
    return Load(
        load_id,
        DAY,
        users=[{"id": ADA, "email": EMAIL, **profile}, {"id": BOB, **profile}],
        listen_history=[session(one, "2026-01-08", [7], "2026-01-08") for one in (ADA, BOB)],
    )


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A lake of two loads, and a published file; no more than forgetting has to look at."""
    data_dir = tmp_path / "data"
    Lake(data_dir).add(_load("1.1"), _load("2.1"))
    with duckdb.connect(data_dir / "marts.duckdb") as marts:
        marts.execute("create table dim_users (user_id int, email varchar)")
        marts.execute(f"insert into dim_users values ({ADA}, '{EMAIL}'), ({BOB}, null)")
        marts.execute(BULK)
    return data_dir


def _erase(data_dir: Path) -> None:
    with hold(data_dir, "forget") as lock:
        erase(Settings(data_dir=data_dir), lock, ADA, "asked to", "f")


def _users(data_dir: Path) -> list[int]:
    with duckdb.connect(data_dir / "marts.duckdb", read_only=True) as marts:
        return [one for (one,) in marts.sql("select user_id from dim_users order by 1").fetchall()]


def _tells(data_dir: Path) -> list[str]:
    return [
        path.name
        for path in data_dir.rglob("*")
        if path.is_file() and EMAIL.encode() in path.read_bytes()
    ]


def _raw(data_dir: Path) -> int:
    found = files.list_files(*_storage(data_dir, "raw/users/load_date=2026-01-10"))
    return sum(pq.read_metadata(path).num_rows for path in found)


def _storage(data_dir: Path, folder: str) -> tuple[object, str]:
    import fsspec

    return fsspec.filesystem("file"), str(data_dir / "lake" / folder)


@contextmanager
def _reader_of(path: Path, ready: Path) -> Iterator[None]:
    """Another process that has a DuckDB file open to read."""
    child = os.fork()
    if not child:
        shell = duckdb.connect(path, read_only=True)
        shell.execute("select count(*) from dim_users")
        ready.touch()
        signal.pause()
    try:
        while not ready.exists():
            assert os.waitpid(child, os.WNOHANG) == (0, 0)
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """Let no file grow beyond `size`: writes fail halfway, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_reader_keeps_nobody_from_being_forgotten(data_dir: Path, tmp_path: Path) -> None:
    with _reader_of(data_dir / "marts.duckdb", tmp_path / "ready"):
        _erase(data_dir)
    assert _users(data_dir) == [BOB]
    assert _tells(data_dir) == []


def test_an_id_that_no_record_has_is_refused_unless_asked_for(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    with hold(data_dir, "forget") as lock:
        with (
            pytest.raises(UnknownUser, match=r"no record has the user id 187654321\b.*--unknown"),
            recorded(settings, lock, Console(shows_steps=False), "forget") as run,
        ):
            forget(run, 187_654_321, "mistyped")
        assert _users(data_dir) == [BOB, ADA]
        assert log.read(settings.lake_url, "forgotten") == []
        with recorded(settings, lock, Console(shows_steps=False), "forget") as run:
            forget(run, 187_654_321, "will come", unknown=True)
            forget(run, 187_654_321, "once more")
    assert unfinished(settings.lake_url) == 0


def test_a_disk_too_full_to_forget_loses_nothing_and_the_same_command_finishes(
    data_dir: Path,
) -> None:
    size = (data_dir / "marts.duckdb").stat().st_size
    assert size > 600_000
    with _files_of_at_most(500_000), pytest.raises(Exception) as refused:  # noqa: PT011 - DuckDB's
        _erase(data_dir)
    assert "\n" not in message_of(refused.value)
    assert not list(data_dir.rglob("*.tmp*"))
    assert _users(data_dir) == [BOB, ADA]
    assert unfinished(str(data_dir / "lake")) == 1
    _erase(data_dir)
    assert _users(data_dir) == [BOB]
    assert _tells(data_dir) == []
    assert unfinished(str(data_dir / "lake")) == 0


def test_a_warehouse_that_cannot_be_read_is_named_before_anything_is_done(data_dir: Path) -> None:
    (data_dir / "build.duckdb").write_bytes(b"no database at all" * 999)
    with pytest.raises(NotErased, match=r"build\.duckdb may hold the person"):
        _erase(data_dir)
    assert _users(data_dir) == [BOB, ADA]
    assert unfinished(str(data_dir / "lake")) == 0
    (data_dir / "build.duckdb").unlink()
    _erase(data_dir)
    assert _tells(data_dir) == []


@pytest.mark.parametrize("damage", [b"", b"PAR1 torn", None])
def test_a_damaged_file_of_ops_is_named_and_compacting_loses_nothing(
    data_dir: Path, damage: bytes | None
) -> None:
    settings = IngestionSettings(data_dir=data_dir)
    (path, *_) = sorted((data_dir / "lake" / "ops" / "load_verdicts").rglob("*.parquet"))
    content = path.read_bytes()
    middle = content[:40] + bytes(255 - byte for byte in content[40:-40]) + content[-40:]
    path.write_bytes(middle if damage is None else damage)
    for command in (
        lambda: loads.validation_results(settings.lake_url),
        lambda: compact_lake(settings),
    ):
        with pytest.raises(DamagedFile, match=rf"{path.name} can't be read, put it back"):
            command()
    path.write_bytes(content)
    assert [one.load_id for one in loads.validation_results(settings.lake_url)] == ["1.1", "2.1"]
    assert _raw(data_dir) == 4
    compact_lake(settings)
    assert _raw(data_dir) == 4


def test_a_clock_that_was_ahead_does_not_keep_a_load_from_being_accepted(data_dir: Path) -> None:
    settings = IngestionSettings(data_dir=data_dir)
    row = {"load_id": "2.1", "verdict": "refused", "reason": "odd", "kind": "incremental"}
    instants = {"as_of": DAY, "updated_until": DAY, "decided_at": datetime(2199, 1, 1)}
    log.append(settings.lake_url, "load_verdicts", [row | instants], DAY.date())
    decisions = {one.load_id: one.verdict for one in loads.validation_results(settings.lake_url)}
    assert decisions == {"1.1": "accepted", "2.1": "refused"}
    accept(settings, "2.1", "it is right", "r")
    assert [one.verdict for one in loads.validation_results(settings.lake_url)] == ["accepted"] * 2


def test_half_a_manifest_keeps_nothing_from_being_published(data_dir: Path) -> None:
    manifest = data_dir / "dbt" / "target" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    settings = Settings(data_dir=data_dir)
    manifest.write_text('{"nodes": {"model.a": {"checksum"')
    assert manifest_hash(settings) is None
    manifest.write_text('{"nodes": {"model.a": {"checksum": 1}}}')
    assert manifest_hash(settings)


def test_what_may_not_be_written_is_named_in_one_line() -> None:
    refused = PermissionError(13, "Permission denied", "/data/.writer.lock")
    assert message_of(refused) == "/data/.writer.lock can't be used: Permission denied"
    full = OSError(28, "No space left on device")
    assert message_of(full).startswith("the disk is full")
