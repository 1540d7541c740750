"""Make a backup: all files that a data folder can't be rebuilt without, as of one instant.

No command writes while the lock is held. A file that the backup before has as well is linked
to it, once its bytes there were read and are right: what is damaged is never counted on again.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lake import atomic
from lake.clock import utc_now
from lake.errors import PublicationDamaged
from lake.publications import FOLDER, IS_LOCKED, MANIFEST, inner_link, read_manifest
from orchestration.operations.backups import erasure_list, inventory, place
from orchestration.operations.backups.copying import (
    copied_database,
    copy_file,
    flush_all,
    hash_of,
    is_sqlite,
)
from orchestration.operations.backups.errors import BackupDamaged, PlaceUnusable
from orchestration.operations.backups.inventory import FILES, BackupFile, Manifest
from orchestration.run.errors import BuildFileInUse
from orchestration.run.lock import WriterLock
from orchestration.run.settings import Settings
from orchestration.warehouse.publishing.published_files import fault_under, links_of, previous_of

# Work in progress, what is made again from the rest, and locks.
LEFT_OUT = frozenset({"tmp", "dlt", "serving/answers", "dbt/logs", ".writer.lock", FOLDER})
COMPANIONS = ("-wal", "-shm", "-journal")
# A server's own database: a copy of files that it writes is none, and nothing here needs it.
SERVER = "PG_VERSION"


@dataclass(frozen=True, slots=True)
class BackupReport:
    """The report of a backup: its size, what it shares with the one before, what was removed."""

    path: Path
    files: int
    bytes: int
    linked: int
    """Bytes that the backup before has as well."""
    removed: list[Path]
    lake_elsewhere: str
    """Where the lake is, if not in the data folder: then it is not in the backup."""
    damaged: list[str]
    """Publications that are left out, each in a line: they are not what was published."""


def make_backup(
    settings: Settings, lock: WriterLock, where: Path, run_id: str, keep: int
) -> BackupReport:
    """Make a backup in `where`, then remove all but the newest `keep` of this data folder.

    Args:
        settings: Where the data folder and the lake are.
        lock: The writer lock of the data folder.
        where: The backup folder.
        run_id: The run that asks, for the rows of `ops/`.
        keep: How many backups are kept.

    """
    lock.require_for(settings.data_dir)
    draft = where / f"{place.DRAFT}{run_id}"
    _require_usable(where)
    with place.locked(where):
        try:
            place.sweep(where)
            draft.mkdir(mode=0o700)
            links, damaged = published_links(settings)
            manifest, linked = _filled(settings, draft, where, run_id, links)
            made = where / place.next_name(where, run_id)
            atomic.rename(draft, made)
        except BaseException:
            place.sweep(where)
            raise
        erasure_list.keep_beside(settings, where)
        removed = place.beyond(where, keep, settings.data_dir)
        for old in removed:
            place.remove(old)
    return BackupReport(
        made, len(manifest.files), manifest.bytes, linked, removed, manifest.lake_url, damaged
    )


def _require_usable(where: Path) -> None:
    """Make the place if there is none; raise `PlaceUnusable` if nothing can be written there."""
    try:
        where.mkdir(parents=True, exist_ok=True, mode=0o700)
        (where / ".writing").touch()
        (where / ".writing").unlink()
    except OSError as error:
        raise PlaceUnusable(where, str(error.strerror)) from error


def published_links(settings: Settings) -> tuple[dict[str, str], list[str]]:
    """Return the links to published files that are what was published, and what is wrong else.

    A session's log beside a file is no part of what was published, and is not copied.
    """
    links, damaged = {}, []
    for link in links_of(settings):
        if fault := fault_under(link):
            damaged.append(f"{link.name}: {fault}")
        for one in (link, previous_of(link), inner_link(link)):
            inside = Path(os.path.realpath(one)).is_relative_to(settings.data_dir / FOLDER)
            if one.is_symlink() and inside and not fault_under(one):
                links[str(one.relative_to(settings.data_dir))] = str(one.readlink())
    return links, damaged


def _filled(
    settings: Settings, draft: Path, where: Path, run_id: str, links: dict[str, str]
) -> tuple[Manifest, int]:
    former = _former(where)
    files: dict[str, BackupFile] = {}
    linked = 0
    with _held(settings.data_dir):
        for path in (*files_of(settings.data_dir), *_published(settings.data_dir, links)):
            name = str(path.relative_to(settings.data_dir))
            kept, is_linked = _link_or_copy(path, draft / FILES / name, name, former)
            files[name] = kept
            own = read_manifest(path.parent)
            if own and own.file == path.name and own.sha256 != kept.sha256:
                raise PublicationDamaged(path, "its bytes changed while they were copied")
            linked += kept.bytes if is_linked else 0
    inside = Path(settings.lake_url).is_relative_to(settings.data_dir)
    manifest = Manifest(
        run_id=run_id,
        made_at=utc_now().isoformat(),
        data_dir=str(settings.data_dir),
        lake_url="" if inside else settings.lake_url,
        files=files,
        links=links,
    )
    inventory.write(manifest, draft)
    flush_all(draft)
    return manifest, linked


def _published(data_dir: Path, links: dict[str, str]) -> list[Path]:
    """Every file that some links name, and the manifests beside them."""
    named = {Path(os.path.realpath(data_dir / link)) for link in links}
    return sorted(named | {file.with_name(MANIFEST) for file in named})


def files_of(data_dir: Path) -> Iterator[Path]:
    """Every file that a backup has, in the order of their paths, without publications.

    A link to a folder elsewhere, on a larger disk perhaps, is followed: what it holds is data.
    """
    for folder, folders, names in os.walk(data_dir, followlinks=True):
        here = Path(folder)
        about = {name: str((here / name).relative_to(data_dir)) for name in (*folders, *names)}
        folders[:] = sorted(
            one
            for one in folders
            if about[one] not in LEFT_OUT
            and not (here / one / SERVER).exists()
            and not _leads_back(here / one, data_dir)
        )
        for name in sorted(names):
            is_draft = ".tmp" in name or name.endswith(COMPANIONS)
            if about[name] not in LEFT_OUT and not is_draft and _is_file(here / name):
                yield here / name


def _leads_back(path: Path, data_dir: Path) -> bool:
    target = path.resolve()
    around = target.is_relative_to(data_dir) or data_dir.is_relative_to(target)
    return path.is_symlink() and around


def _is_file(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _former(where: Path) -> tuple[Path, Manifest] | None:
    for backup in reversed(place.backups_in(where)):
        with suppress(BackupDamaged):
            return backup, inventory.read(backup)
    return None


def _link_or_copy(
    path: Path, target: Path, name: str, former: tuple[Path, Manifest] | None
) -> tuple[BackupFile, bool]:
    """Copy a file, or link it to the backup before, which has the same."""
    if is_sqlite(path):
        return BackupFile(*copied_database(path, target)), False
    if former and (known := former[1].files.get(name)):
        there = former[0] / FILES / name
        if path.stat().st_size == known.bytes and hash_of(path) == known.sha256:
            with suppress(OSError):  # not there, damaged, or of a file system without links
                if hash_of(there) == known.sha256:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.hardlink_to(there)
                    return known, True
    return BackupFile(*copy_file(path, target)), False


@contextmanager
def _held(data_dir: Path) -> "Iterator[None]":
    """Keep shells that don't know the lock from writing to the DuckDB files meanwhile."""
    import duckdb

    held = []
    try:
        for path in sorted(data_dir.glob("*.duckdb")):
            if path.is_symlink():
                continue  # published: nothing counts but the bytes that its manifest has
            try:
                held.append(duckdb.connect(path, read_only=True))
            except duckdb.IOException as error:
                if IS_LOCKED in str(error):
                    raise BuildFileInUse(path, str(error).splitlines()[0]) from error
            except duckdb.Error:
                continue  # damaged: it is kept as it is, and the next build makes it again
        yield
    finally:
        for one in held:
            one.close()
