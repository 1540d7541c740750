"""Whatever becomes of a published file is seen by all that read it, and mended by the next."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from api.serving.processes.refresher import Refresher
from api.serving.settings import ServingSettings
from api.serving.telemetry.logs import Log
from lake import publications
from lake.errors import NothingPublished, PublicationDamaged, PublicationInUse
from ml.data.published_marts import open_published
from ml.settings import MlSettings
from orchestration.monitoring.report.monitoring_rows import open_records
from orchestration.monitoring.status import facts
from orchestration.operations.backups.back_up import make_backup
from orchestration.operations.backups.restoring import restore
from orchestration.run.console import Console
from orchestration.run.lock import hold
from orchestration.run.settings import Settings
from orchestration.warehouse.engines.lakehouse import share
from orchestration.warehouse.publishing import published_files
from orchestration.warehouse.publishing.publish import publish
from orchestration.warehouse.publishing.published_files import require_whole
from orchestration.warehouse.query import query
from orchestration.warehouse.rhythm import NO_LIMIT, quiet_limit
from tests.support.served_marts import Marts
from tests.support.validated import mark_validated

USERS = "select count(distinct user_id) from recommendations"
TABLES = ("dim_tracks", "popular_tracks", "recommendations", "similar_tracks", "champion_model")
KILLED = """
import os, sys, duckdb
session = duckdb.connect(sys.argv[1])
session.execute("delete from recommendations where user_id > 20")
os._exit(9)
"""


def _publish(data_dir: Path) -> int:
    with hold(data_dir, "publish") as lock:
        return publish(Settings(data_dir=data_dir), lock, "r").version


def _publish_monitoring(data_dir: Path) -> None:
    link = Settings(data_dir=data_dir).monitoring_file
    draft = published_files.new_draft(link)
    shutil.copyfile(data_dir / "build.duckdb", draft)
    number = published_files.next_number(link)
    published_files.point(link, published_files.finish(draft, number, "r"), keep_present=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after two publications, only to be copied."""
    data_dir = tmp_path_factory.mktemp("whole") / "data"
    data_dir.mkdir()
    Marts(users=300).write(data_dir / "build.duckdb")
    mark_validated(data_dir / "build.duckdb", TABLES)
    for _ in range(2):
        _publish(data_dir)
        _publish_monitoring(data_dir)
    return data_dir


@pytest.fixture
def data_dir(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "data", symlinks=True)
    return tmp_path / "data"


def _file(link: Path) -> Path:
    return Path(os.path.realpath(link))


def flip(link: Path) -> None:
    """Change one byte, and set the times back."""
    file, times = _file(link), link.stat()
    file.chmod(0o644)
    with file.open("r+b") as content:
        content.seek(times.st_size // 2)
        byte = content.read(1)[0]
        content.seek(-1, os.SEEK_CUR)
        content.write(bytes([byte ^ 1]))
    file.chmod(0o444)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def truncate(share: float) -> Callable[[Path], None]:
    def torn(link: Path) -> None:
        os.truncate(_file(link), int(link.stat().st_size * share))

    return torn


def plant(link: Path) -> None:
    """Leave the log of a session that was killed."""
    subprocess.run([sys.executable, "-c", KILLED, link], check=False)
    assert _file(link).with_name(f"{link.name}.wal").exists()


def plant_nonsense(link: Path) -> None:
    _file(link).with_name(f"{link.name}.wal").write_bytes(b"no log")


def write_whole(link: Path) -> None:
    """Change it as a session of root does that ends in order: the log goes into the file."""
    with duckdb.connect(link) as session:
        session.execute("create table mine as select 1 as one; checkpoint")


def delete_file(link: Path) -> None:
    _file(link).unlink()


def delete_folder(link: Path) -> None:
    shutil.rmtree(_file(link).parent)


def delete_link(link: Path) -> None:
    link.unlink()


def replace_link(link: Path) -> None:
    link.unlink()
    with duckdb.connect(link) as another:
        another.execute("create table dim_tracks as select 1 as track_id")


def link_in_circles(link: Path) -> None:
    link.unlink()
    link.symlink_to(link.name)


def link_elsewhere(link: Path) -> None:
    copy = link.with_name("elsewhere.duckdb")
    shutil.copyfile(_file(link), copy)
    link.unlink()
    link.symlink_to(copy.name)


def delete_manifest(link: Path) -> None:
    _file(link).with_name("manifest.json").unlink()


def tear_manifest(link: Path) -> None:
    manifest = _file(link).with_name("manifest.json")
    os.truncate(manifest, manifest.stat().st_size // 2)


DAMAGES = [
    flip,
    truncate(0),
    truncate(0.5),
    truncate(0.999),
    plant,
    plant_nonsense,
    write_whole,
    delete_file,
    delete_folder,
    delete_link,
    replace_link,
    link_in_circles,
    link_elsewhere,
    delete_manifest,
    tear_manifest,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__qualname__)
def test_every_reader_refuses_what_is_not_as_published_and_the_next_publication_mends(
    data_dir: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    settings = Settings(data_dir=data_dir)
    refresher = Refresher(ServingSettings(data_dir=data_dir), Log("test"))
    refresher.look()
    assert refresher.manifest
    links = (settings.marts_file, settings.masked_marts_file, settings.monitoring_file)
    for link in links:
        damage(link)
    readers: list[Callable[[], object]] = [
        lambda: query(settings, USERS),
        lambda: open_published(MlSettings(data_dir=data_dir)),
        lambda: open_records(settings.monitoring_file).__enter__(),
        lambda: share(settings),
    ]
    for reader in readers:
        with pytest.raises(PublicationDamaged, match="is not as it was published") as refusal:
            reader()
        assert "\n" not in str(refusal.value)
    assert "not as it was published" in dict(facts(settings))["published"]
    assert quiet_limit(settings) == NO_LIMIT, "no step before the publication stops by it"

    refresher.look()
    assert refresher.manifest.publication_version == 2, "it goes on with its last good answers"
    second = Refresher(ServingSettings(data_dir=data_dir, dir=tmp_path / "second"), Log("test"))
    second.look()
    assert second.manifest is None
    assert second.pointer.degraded == "the published file is not as it was published"

    assert _publish(data_dir) > 2
    _publish_monitoring(data_dir)
    assert query(settings, USERS).rows == [(300,)]
    for reader in readers[1:3]:
        reader()
    for link in links:
        assert link.is_symlink()
        assert not link.readlink().is_absolute()
        assert _file(link).stat().st_mode & 0o777 == 0o444
    refresher.look()
    second.look()
    assert refresher.manifest is not None
    assert second.manifest is not None
    assert refresher.manifest.publication_version == second.manifest.publication_version > 2
    assert _publish(data_dir) > 3
    with duckdb.connect(settings.previous_marts_file, read_only=True) as previous:
        assert previous.sql(USERS).fetchall() == [(300,)]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__qualname__)
def test_a_backup_holds_what_was_published_or_leaves_it_out(
    data_dir: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    settings, where = Settings(data_dir=data_dir), tmp_path / "backups"
    damage(settings.marts_file)
    with hold(data_dir, "backup") as lock:
        made = make_backup(settings, lock, where, "b", 0)
    assert not list(made.path.rglob("*.wal"))
    is_whole = damage in (plant, plant_nonsense)
    assert bool(made.damaged) is not is_whole
    there = Settings(data_dir=tmp_path / "there")
    there.data_dir.mkdir()
    with hold(there.data_dir, "restore") as lock:
        restore(there, lock, Console(shows_steps=False), where, force=False)
    if is_whole:
        assert query(there, USERS).rows == [(300,)]
        assert there.marts_file.readlink() == settings.marts_file.readlink()
    else:
        with pytest.raises((PublicationDamaged, NothingPublished)):
            query(there, USERS)
    with duckdb.connect(there.masked_marts_file, read_only=True) as masked:
        assert masked.sql(USERS).fetchall() == [(300,)]
    assert _publish(there.data_dir) >= 1
    assert query(there, USERS).rows == [(300,)]


def test_a_backup_waits_for_no_session_that_has_the_published_file_open(
    data_dir: Path, tmp_path: Path
) -> None:
    settings = Settings(data_dir=data_dir)
    with _session(settings.marts_file), hold(data_dir, "backup") as lock:
        made = make_backup(settings, lock, tmp_path / "backups", "b", 0)
    assert not made.damaged
    assert [path.name for path in made.path.rglob("marts.duckdb")] == ["marts.duckdb"] * 2


class _session:  # noqa: N801 - reads as the context that it is
    """Another process that has a file open for writing, and has written."""

    def __init__(self, path: Path) -> None:
        code = KILLED.replace("os._exit(9)", "print(flush=True); sys.stdin.read()")
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline() == b"\n"

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def test_a_session_that_has_the_newest_open_for_writing_is_named(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    with _session(settings.marts_file):
        with pytest.raises(PublicationInUse, match="open for writing elsewhere") as refusal:
            open_published(MlSettings(data_dir=data_dir))
        assert "\n" not in str(refusal.value)
        assert _publish(data_dir) == 3
        assert query(settings, USERS).rows == [(300,)]
    assert query(settings, USERS).rows == [(300,)]
    # What it left lies beside its own version, and goes with it.
    assert [path.parent.name[:6] for path in data_dir.rglob("*.wal")] == []


def test_a_folder_that_was_copied_without_its_links_reads_the_same(
    whole: Path, tmp_path: Path
) -> None:
    data_dir = tmp_path / "copy"
    shutil.copytree(whole, data_dir)
    settings = Settings(data_dir=data_dir)
    assert not settings.marts_file.is_symlink()
    assert query(settings, USERS).rows == [(300,)]
    with hold(data_dir, "forget"):
        require_whole(settings)
    assert settings.marts_file.is_symlink()
    assert query(settings, USERS).rows == [(300,)]
    assert _publish(data_dir) == 3


def test_a_moved_folder_reads_the_same(data_dir: Path, tmp_path: Path) -> None:
    moved = tmp_path / "else where" / "däta"
    moved.parent.mkdir()
    data_dir.rename(moved)
    settings = Settings(data_dir=moved)
    assert query(settings, USERS).rows == [(300,)]
    assert _publish(moved) == 3


@pytest.fixture
def of_the_layout_before(tmp_path: Path) -> Settings:
    """Plain files, as publications were until links came."""
    settings = Settings(data_dir=tmp_path)
    for version, file in (
        (6, settings.previous_marts_file),
        (7, settings.marts_file),
        (7, settings.masked_marts_file),
        (1, settings.build_file),
    ):
        Marts(version=version, users=200 + version).write(file)
    Marts().write(settings.monitoring_file)
    mark_validated(settings.build_file, TABLES)
    return settings


@pytest.mark.parametrize("is_open", [False, True])
def test_a_data_folder_of_the_layout_before_is_taken_over(
    of_the_layout_before: Settings, *, is_open: bool
) -> None:
    settings = of_the_layout_before
    assert query(settings, USERS).rows == [(207,)]
    session = duckdb.connect(settings.marts_file) if is_open else None
    former = settings.marts_file.read_bytes()
    assert _publish(settings.data_dir) == 8
    assert settings.previous_marts_file.read_bytes() == former
    if session:
        session.execute("delete from recommendations; drop table dim_tracks")
        with suppress(duckdb.Error):
            session.close()
    assert query(settings, USERS).rows == [(201,)]
    assert _publish(settings.data_dir) == 9
    assert query(settings, USERS).rows == [(201,)]
    assert settings.previous_marts_file.is_symlink()
    with duckdb.connect(settings.previous_marts_file, read_only=True) as previous:
        assert previous.sql("select version from publication").fetchall() == [(8,)]


def test_a_log_beside_a_file_of_the_layout_before_is_seen_and_left_out(
    of_the_layout_before: Settings,
) -> None:
    settings = of_the_layout_before
    plant(settings.marts_file)
    with pytest.raises(PublicationDamaged, match=r"a session left marts\.duckdb\.wal beside it"):
        query(settings, USERS)
    assert _publish(settings.data_dir) == 8
    assert query(settings, USERS).rows == [(201,)]
    with duckdb.connect(settings.previous_marts_file, read_only=True) as previous:
        assert previous.sql(USERS).fetchall() == [(207,)], "as it was published"


@pytest.fixture(scope="module")
def target(whole: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(shutil.copytree(whole, Path(folder) / "data", symlinks=True))


@examples(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.floats(0, 1, exclude_max=True), change=st.binary(min_size=1, max_size=64))
def test_any_byte_that_changes_is_seen(target: Path, at: float, change: bytes) -> None:
    link = Settings(data_dir=target).marts_file
    file = _file(link)
    published = file.read_bytes()
    start = int(at * len(published))
    changed = published[:start] + change + published[start + len(change) :]
    found = file.stat()
    file.chmod(0o644)
    file.write_bytes(changed)
    file.chmod(0o444)
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    try:
        if changed == published:
            publications.connect(link).close()
        else:
            with pytest.raises(PublicationDamaged):
                publications.connect(link)
    finally:
        file.chmod(0o644)
        file.write_bytes(published)
        file.chmod(0o444)
    publications.connect(link).close()
