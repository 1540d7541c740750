"""A backup is whole or none; what is restored is all of it or nothing, less the forgotten."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.settings import IngestionSettings
from lake import log
from lake.feedback.inbox import Inbox
from lake.feedback.inbox_tables import Event
from lake.version import stamp_format
from orchestration.operations.backups import erasure_list, exchange, place
from orchestration.operations.backups.back_up import BackupReport, make_backup
from orchestration.operations.backups.errors import (
    BackupDamaged,
    BackupsInside,
    DataInTheWay,
    ListDamaged,
    NoBackup,
    PlaceUnusable,
)
from orchestration.operations.backups.restoring import draft_of, restore
from orchestration.operations.erasure.erase import erase
from orchestration.run.console import Console
from orchestration.run.errors import BuildFileInUse
from orchestration.run.lock import hold
from orchestration.run.settings import Settings
from orchestration.warehouse.publishing.publish import publish
from tests.support.checksums import checksums, require_rows
from tests.support.lake import Lake, Load, session, track
from tests.support.warehouse import Warehouse

DAY = datetime(2026, 1, 10, 6)
ADA, BOB = 1_876_543_219, 2
USERS = [
    {"id": user_id, "first_name": name, "last_name": "Lace", "email": f"{name}@example.com"}
    | {"created_at": DAY, "updated_at": DAY}
    for user_id, name in ((ADA, "Ada"), (BOB, "Bob"))
]
FIRST = Load(
    "1.1",
    DAY,
    tracks=[track(7, "A", "2026-01-02")],
    users=USERS,
    listen_history=[
        session(ADA, "2026-01-08", [7, 7], "2026-01-08"),
        session(BOB, "2026-01-08", [7], "2026-01-08"),
    ],
)
SECOND = Load(
    "2.1",
    datetime(2026, 1, 11, 6),
    tracks=[track(8, "B", "2026-01-11")],
    listen_history=[session(BOB, "2026-01-10", [8, 7], "2026-01-10")],
)


def _back_up(data_dir: Path, where: Path, keep: int = 0, run_id: str = "b") -> BackupReport:
    with hold(data_dir, "backup") as lock:
        return make_backup(Settings(data_dir=data_dir), lock, where, run_id, keep)


def _restore(data_dir: Path, where: Path, *, force: bool = False) -> None:
    console = Console(shows_steps=False)
    with hold(data_dir, "restore") as lock:
        restore(Settings(data_dir=data_dir), lock, console, where, force=force)


def _content(data_dir: Path) -> dict[str, bytes]:
    """Every file by its path, but for what commands write about themselves."""
    return {
        str(path.relative_to(data_dir)): path.read_bytes()
        for path in sorted(data_dir.rglob("*"))
        if path.is_file()
        and path.name != ".writer.lock"
        and not {"runs", "steps", "dlt"} & set(path.parts)
    }


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A data folder with a lake, a key and a database; no DuckDB file."""
    data_dir = tmp_path / "data"
    Lake(data_dir).add(FIRST)
    (data_dir / "forget.key").write_bytes(b"key")
    (data_dir / "forget.key").chmod(0o600)
    (data_dir / "dlt").mkdir()
    (data_dir / "dlt" / "pending").write_text("may be lost")
    stamp_format(data_dir, str(data_dir / "lake"))  # as every run does
    return data_dir


@pytest.mark.slow
def test_a_lost_data_folder_is_put_back_and_the_next_run_goes_on_from_there(
    data_dir: Path, tmp_path: Path
) -> None:
    lake, warehouse = Lake(data_dir), Warehouse(data_dir)
    lake.add(FIRST)
    warehouse.build()
    with hold(data_dir, "test") as lock:
        publish(Settings(data_dir=data_dir), lock, "r")
    before = {name: checksums(data_dir / name) for name in ("marts.duckdb", "build.duckdb")}
    require_rows(before["marts.duckdb"])
    _back_up(data_dir, tmp_path / "backups")
    shutil.rmtree(data_dir)
    _restore(data_dir, tmp_path / "backups")
    assert {name: checksums(data_dir / name) for name in before} == before
    facts = set(warehouse.rows("select user_id, track_id, listened_at from fact_listen_history"))
    lake.add(SECOND)
    warehouse.build()
    assert warehouse.state() == ("validated", False), "only what is new was read"
    all_facts = warehouse.rows("select user_id, track_id, listened_at from fact_listen_history")
    new = {(BOB, 8, datetime(2026, 1, 10)), (BOB, 7, datetime(2026, 1, 10))}
    assert set(all_facts) == facts | new
    # The backup was taken while its own run was under way: that is no crash.
    runs = {(row["run_id"], row["event"]) for row in log.read(str(data_dir / "lake"), "runs")}
    assert ("b", "finished") in runs


def test_every_file_comes_back_as_it_was_but_for_work_in_progress(
    small: Path, tmp_path: Path
) -> None:
    before = _content(small)
    made = _back_up(small, tmp_path / "backups")
    assert made.files == len(before) > 3
    assert made.path.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(small)
    _restore(small, tmp_path / "backups")
    assert _content(small) == before
    assert not (small / "dlt").exists()
    assert (small / "forget.key").stat().st_mode & 0o777 == 0o600


def test_what_the_backup_before_has_too_is_shared_unless_it_is_damaged_there(
    small: Path, tmp_path: Path
) -> None:
    where = tmp_path / "backups"
    first = _back_up(small, where)
    second = _back_up(small, where)
    assert (first.linked, second.linked) == (0, second.bytes)
    kept = second.path / "files" / "forget.key"
    assert kept.stat().st_ino == (first.path / "files" / "forget.key").stat().st_ino
    kept.chmod(0o600)
    kept.write_bytes(b"rot")
    third = _back_up(small, where)
    assert third.linked < third.bytes
    assert (third.path / "files" / "forget.key").read_bytes() == b"key"
    _restore(small, third.path, force=True)
    with pytest.raises(BackupDamaged, match=r"forget\.key is not what was written"):
        _restore(small, second.path, force=True)


def test_old_backups_go_by_their_number_whatever_the_clock_said(
    small: Path, tmp_path: Path
) -> None:
    where = tmp_path / "backups"
    names = [
        _back_up(small, where, keep=2, run_id=run_id).path.name
        for run_id in ("29991231T000000-a", "20260101T000000-b", "20260102T000000-c")
    ]
    assert [path.name for path in place.backups_in(where)] == names[1:]
    assert place.chosen(where)[0].name == names[2]
    # Another data folder's backups in the same place are its own affair.
    shutil.copytree(small, other := tmp_path / "other")
    _back_up(other, where, keep=1)
    assert len(place.backups_in(where)) == 3


def test_data_is_only_replaced_if_asked_and_never_by_a_damaged_backup(
    small: Path, tmp_path: Path
) -> None:
    where = tmp_path / "backups"
    with pytest.raises(NoBackup):
        _restore(small, where, force=True)
    made = _back_up(small, where)
    (small / "lake" / "new").write_text("since")
    before, lock = _content(small), (small / ".writer.lock").stat().st_ino
    with pytest.raises(DataInTheWay, match="--force"):
        _restore(small, where)
    victim = next((made.path / "files" / "lake" / "raw").rglob("*.parquet"))
    whole = victim.read_bytes()
    for damage in (whole[:-1], whole[:9] + bytes([whole[9] ^ 1]) + whole[10:], None):
        victim.unlink() if damage is None else victim.write_bytes(damage)
        with pytest.raises(BackupDamaged, match=r"raw/.*(missing|not what was written)"):
            _restore(small, where, force=True)
        assert _content(small) == before
        assert not draft_of(small).exists()
    victim.write_bytes(whole)
    manifest = made.path / "manifest.json"
    text = manifest.read_text()
    for changed in (text.replace("bytes", "bytez", 1), text[: len(text) // 2]):
        manifest.write_text(changed)
        with pytest.raises(BackupDamaged, match="manifest is not what was written"):
            _restore(small, where, force=True)
    manifest.write_text(text)
    _restore(small, where, force=True)
    assert "lake/new" not in _content(small)
    assert (small / ".writer.lock").stat().st_ino == lock, "who waits for the lock waits on"
    with pytest.raises(BackupsInside):
        place.place_of(Settings(data_dir=small), small / "backups")


def test_a_place_that_is_none_or_whose_list_is_damaged_is_named(
    small: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(PlaceUnusable, match=r"no backup can be kept in .*/file: File exists"):
        _back_up(small, tmp_path / "file")
    made = _back_up(small, tmp_path / "backups")
    (tmp_path / "backups" / "forgotten.json").write_text('[{"hash": "ab')
    before = _content(small)
    with pytest.raises(ListDamaged, match=r"forgotten\.json can't be read"):
        _restore(small, made.path, force=True)
    assert _content(small) == before


def test_databases_are_copied_as_of_one_instant(small: Path, tmp_path: Path) -> None:
    database = small / "mlflow" / "mlflow.db"
    database.parent.mkdir()
    with sqlite3.connect(database) as writer:
        writer.execute("pragma journal_mode = wal")
        writer.execute("create table runs (name varchar(200))")
        writer.execute("insert into runs values ('committed')")
        writer.commit()  # in the log beside the database alone
        writer.execute("insert into runs values ('not committed')")
        made = _back_up(small, tmp_path / "backups")
        writer.rollback()
    copy = made.path / "files" / "mlflow" / "mlflow.db"
    with sqlite3.connect(copy) as copied:
        assert copied.execute("select name from runs").fetchall() == [("committed",)]


def test_a_build_file_that_somebody_writes_is_not_copied(small: Path, tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        shell = duckdb.connect(small / "build.duckdb")
        shell.execute("create table t (i int)")
        (tmp_path / "open").touch()
        signal.pause()
    try:
        while not (tmp_path / "open").exists():
            assert os.waitpid(child, os.WNOHANG) == (0, 0)
        with pytest.raises(BuildFileInUse, match="close what has it open"):
            _back_up(small, tmp_path / "backups")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert list((tmp_path / "backups").iterdir()) == [tmp_path / "backups" / ".lock"]


def _signs_of(user_id: int, data_dir: Path) -> list[str]:
    raw = data_dir / "lake" / "raw"
    shown = duckdb.sql(
        f"select id, 'users' as name from '{raw}/users/*/*.parquet'"
        f" union all select user_id, 'sessions' from '{raw}/listen_history/*/*.parquet'"
    )
    names = [name for found, name in shown.fetchall() if found == user_id]
    with duckdb.connect(data_dir / "marts.duckdb", read_only=True) as marts:
        return names + marts.sql(f"from dim_users where user_id = {user_id}").fetchall()


@pytest.mark.parametrize("is_lost", [False, True])
def test_who_was_forgotten_since_is_not_brought_back(
    small: Path, tmp_path: Path, *, is_lost: bool
) -> None:
    (small / "forget.key").unlink()
    with duckdb.connect(small / "marts.duckdb") as marts:
        marts.execute("create table dim_users (user_id int, email varchar)")
        marts.execute(f"insert into dim_users values ({ADA}, 'Ada@example.com'), ({BOB}, null)")
    where = tmp_path / "data.backups"
    settings = Settings(data_dir=small)
    made = _back_up(small, where)
    assert len(_signs_of(ADA, small)) == 3
    with hold(small, "forget") as lock:
        erase(settings, lock, ADA, "asked to", "f")
    assert erasure_list.keep_beside_all(settings) == []
    assert erasure_list.holding(settings) == [str(made.path)]
    if is_lost:
        shutil.rmtree(small)
    _restore(small, where, force=not is_lost)
    assert _signs_of(ADA, small) == []
    assert len(_signs_of(BOB, small)) == 3
    from ingestion.erasure import forgotten

    assert forgotten.people(IngestionSettings(data_dir=small)).is_one(ADA)
    assert (where / "forget.key").stat().st_mode & 0o777 == 0o600
    # What is backed up from here on is without her, and old backups go as new ones come.
    _back_up(small, where, keep=1)
    assert str(made.path) not in erasure_list.holding(settings)


def test_who_is_known_to_the_inbox_or_a_rejected_record_alone_is_erased_again(
    small: Path, tmp_path: Path
) -> None:
    stranger, refused = 4, 5
    settings = Settings(data_dir=small)
    inbox = Inbox(settings.inbox_url)
    inbox.create()
    inbox.add([[Event(f"by {one}", one, 7, "hide", DAY) for one in (stranger, BOB)]])
    record = f'{{"id": {refused}, "email": "eve@example.com", "created_at": "yesterday"}}'
    others = f'{{"id": {BOB}, "email": "bob@example.com", "created_at": "yesterday"}}'
    folder = small / "lake" / "raw" / "rejected" / "load_date=2026-01-10"
    folder.mkdir(parents=True)
    rejected = {"table_name": ["users"] * 2, "record": [record, others], "reason": ["no time"] * 2}
    load = {"_dlt_load_id": ["1.1"] * 2}
    pq.write_table(pa.table(rejected | load), folder / "1.1.0a1b2c.parquet")
    where = tmp_path / "data.backups"
    _back_up(small, where)
    with hold(small, "forget") as lock:
        for user_id in (stranger, refused):
            erase(settings, lock, user_id, "asked to", f"f{user_id}")
    erasure_list.keep_beside_all(settings)

    def known() -> tuple[set[int], list[str]]:
        rows = duckdb.sql(f"select record from '{folder.parent}/*/*.parquet'").fetchall()
        return inbox.users(), [text for (text,) in rows]

    assert known() == ({BOB}, [others])
    inbox.close()
    _restore(small, where, force=True)
    assert known() == ({BOB}, [others])
    inbox.close()


def _killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do `work` in a process that is killed at a step of it; whether it came to its end."""
    child = os.fork()
    if not child:
        done = 0

        def killing(change: Callable[..., Any]) -> Callable[..., Any]:
            def changed(*words: Any, **named: Any) -> Any:
                nonlocal done
                for _ in range(2):
                    done += 1
                    if done == step:
                        os.kill(os.getpid(), signal.SIGKILL)
                    if done % 2:
                        result = change(*words, **named)
                return result

            return changed

        os.fsync, os.unlink = killing(os.fsync), killing(os.unlink)
        Path.rename = killing(Path.rename)  # type: ignore[method-assign]
        exchange.exchange = killing(exchange.exchange)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return not os.WIFSIGNALED(status)


def _steps(work: Callable[[int], bool], every: int) -> Iterator[int]:
    step = 1
    while not work(step):
        yield step
        step += every
    assert step > 3 * every, "it was never killed"


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_a_killed_backup_is_none_and_the_next_one_is_whole(
    small: Path, tmp_path: Path, every: int
) -> None:
    where = tmp_path / "backups"
    first = _back_up(small, where)
    (small / "lake" / "new").write_text("since")
    before = _content(small)
    for _ in _steps(lambda step: _killed_at(step, lambda: _back_up(small, where, keep=1)), every):
        for backup in place.backups_in(where):
            _restore(copy := tmp_path / "copy", backup)
            found = _content(copy)
            assert found == (before if backup != first.path else _without_new(before))
            shutil.rmtree(copy)
        assert place.backups_in(where)
    assert len(place.backups_in(where)) == 1
    assert not [path for path in where.iterdir() if path.name.startswith((place.DRAFT, place.GONE))]


def _without_new(content: dict[str, bytes]) -> dict[str, bytes]:
    return {name: held for name, held in content.items() if name != "lake/new"}


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_a_killed_restore_leaves_the_old_folder_or_the_new_one(
    small: Path, tmp_path: Path, every: int
) -> None:
    where = tmp_path / "backups"
    made = _back_up(small, where)
    kept = tmp_path / "kept"
    (small / "lake" / "new").write_text("since")
    shutil.copytree(small, kept)
    old, new = _content(small), _without_new(_content(small))

    def killed(step: int) -> bool:
        shutil.rmtree(small)
        shutil.copytree(kept, small)
        return _killed_at(step, lambda: _restore(small, made.path, force=True))

    seen = set()
    for _ in _steps(killed, every):
        found = _content(small)
        assert found in (old, new)
        seen.add("lake/new" in found)
    assert _content(small) == new
    assert not draft_of(small).exists()
    assert True in seen
