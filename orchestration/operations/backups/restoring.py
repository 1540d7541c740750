"""Restore a backup: copy it beside the data folder, check it, exchange the two atomically."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lake.atomic import flush
from orchestration.monitoring.alerts.notifications import Alerts
from orchestration.operations.backups import erasure_list, exchange, place
from orchestration.operations.backups.copying import copy_file, flush_all
from orchestration.operations.backups.errors import BackupDamaged, DataInTheWay
from orchestration.operations.backups.inventory import FILES, Manifest
from orchestration.run.lock import WriterLock, hold
from orchestration.run.runs import Run, record_end, recorded
from orchestration.run.settings import Settings

if TYPE_CHECKING:
    from orchestration.run.console import Console

LOCK = ".writer.lock"


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """The restored backup."""

    backup: Path
    made_at: str
    lake_elsewhere: str


def restore(
    settings: Settings, lock: WriterLock, console: "Console", where: Path, *, force: bool
) -> tuple[RestoreReport, Run]:
    """Put back a backup: `where` itself, or the newest there.

    Raises `DataInTheWay` where there is data, unless forced.

    If it fails, the data folder stays as it was; people forgotten since are not
    in what is put back.

    Args:
        settings: Where the data folder and the lake are.
        lock: The writer lock of the data folder.
        console: Where lines and progress are shown.
        where: A backup, or the folder of backups.
        force: Whether data that is there may be replaced.

    """
    lock.require_for(settings.data_dir)
    sweep(settings.data_dir)
    if not force and any(path.name != LOCK for path in settings.data_dir.iterdir()):
        raise DataInTheWay(settings.data_dir)
    backup, manifest = place.chosen(where)
    draft = draft_of(settings.data_dir)
    draft.mkdir(mode=settings.data_dir.stat().st_mode & 0o777)
    try:
        with place.locked(backup.parent):
            run = _filled(settings, console, backup, manifest, draft)
        (draft / LOCK).unlink()
        (draft / LOCK).hardlink_to(settings.data_dir / LOCK)  # who waits for it waits on
        flush_all(draft)
        exchange.exchange(draft, settings.data_dir)
    finally:
        sweep(settings.data_dir)
    flush(settings.data_dir.parent)
    return RestoreReport(backup, manifest.made_at, manifest.lake_url), run


def draft_of(data_dir: Path) -> Path:
    """Return the folder of a restore's new files, and after the exchange of the old ones."""
    return data_dir.with_name(f".{data_dir.name}.restoring")


def sweep(data_dir: Path) -> None:
    """Remove a restore's leftovers: an incomplete new data folder, or the old one."""
    if (left := draft_of(data_dir)).exists():
        shutil.rmtree(left)


def _filled(
    settings: Settings, console: "Console", backup: Path, manifest: Manifest, draft: Path
) -> Run:
    """Fill the draft, and record there that it was restored."""
    for name, kept in sorted(manifest.files.items()):
        _put_back(backup, name, draft / name, (kept.bytes, kept.sha256))
    for name, target in manifest.links.items():
        (draft / name).symlink_to(target)
    inside = not manifest.lake_url and Path(settings.lake_url).is_relative_to(settings.data_dir)
    lake = str(draft / Path(settings.lake_url).relative_to(settings.data_dir)) if inside else None
    restored = settings.model_copy(
        update={"data_dir": draft, "lake_url": lake or settings.lake_url}
    )
    with hold(draft, "restore") as lock:
        if inside:
            record_end(restored.lake_url, manifest.run_id, "backup", ["backup"])
        alerts = [Alerts()]
        with (
            recorded(restored, lock, console, "restore", alerts) as run,
            run.step("restore") as step,
        ):
            known = erasure_list.beside(backup.parent) + _known_here(settings)
            keys = [settings.data_dir / erasure_list.KEY, backup.parent / erasure_list.KEY]
            again = erasure_list.take_over(restored, lock, known, keys, run.run_id)
            step.rows = len(manifest.files)
            step.what = f"{manifest.bytes / 1e6:,.1f} MB of {manifest.made_at} UTC out of {backup}"
            step.what += f"; {again} forgotten since, erased again" if again else ""
    return run


def _put_back(backup: Path, name: str, target: Path, expected: tuple[int, str]) -> None:
    try:
        found = copy_file(backup / FILES / name, target)
    except FileNotFoundError as error:
        raise BackupDamaged(backup, f"{name} is missing") from error
    if found != expected:
        raise BackupDamaged(backup, f"{name} is not what was written")


def _known_here(settings: Settings) -> list[dict[str, object]]:
    """The people forgotten in the folder to be replaced, as far as it can be read."""
    from ingestion.erasure import forgotten

    try:
        return forgotten.rows(settings.lake_url)
    except Exception:  # a damaged lake is what people restore for; the list beside has them too
        return []
