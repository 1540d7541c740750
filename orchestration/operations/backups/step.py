"""Backup and restore as recorded steps of a run."""

from pathlib import Path

from lake.clock import utc_now
from orchestration.monitoring.monitor import monitor_after
from orchestration.operations.backups import place
from orchestration.operations.backups.back_up import BackupReport, make_backup
from orchestration.operations.backups.restoring import restore
from orchestration.run.console import Console
from orchestration.run.lock import hold
from orchestration.run.runs import Run
from orchestration.run.settings import Settings


def back_up(run: Run, where: Path | None, keep: int) -> BackupReport:
    """Make a backup, remove old ones, and put both on record.

    Args:
        run: The run that asks: its settings, lock and console.
        where: The backup folder; by default the one of the settings.
        keep: How many backups are kept.

    """
    from lake import log

    settings = run.settings
    with run.step("backup") as step:
        done = make_backup(settings, run.lock, place.place_of(settings, where), run.run_id, keep)
        at = utc_now()
        about = {"run_id": run.run_id, "at": at}
        row = {**about, "path": str(done.path), "event": "made"}
        rows = [{**row, "files": done.files, "bytes": done.bytes}]
        rows += [{**about, "path": str(old), "event": "removed"} for old in done.removed]
        log.append(settings.lake_url, "backups", rows, at.date())
        step.rows = done.files
        step.what = f"{done.bytes / 1e6:,.1f} MB in {done.path}"
        step.what += f", {done.linked / 1e6:,.1f} MB shared with the one before"
        step.what += f"; {len(done.removed)} old removed" if done.removed else ""
        if done.damaged:
            step.warnings = [f"left out, not as published: {one}" for one in done.damaged]
            step.what += f"; {'; '.join(step.warnings)}; `moovitamix publish` publishes again"
        if done.lake_elsewhere:
            step.what += f"; without the lake, which is at {done.lake_elsewhere}"
    return done


def put_back(settings: Settings, where: Path | None, *, force: bool, wait: float) -> None:
    """Restore a backup; the run is on record in what is restored.

    Args:
        settings: Where the data folder and the lake are.
        where: A backup, or the folder of backups.
        force: Whether data that is there may be replaced.
        wait: Seconds to wait for the writer lock.

    """
    console = Console()
    with hold(settings.data_dir, "restore", wait) as lock:
        at = where.expanduser().resolve() if where else place.place_of(settings, None)
        done, run = restore(settings, lock, console, at, force=force)
        monitor_after(settings, lock, console, run.run_id)
    run.show_summary()
    if done.lake_elsewhere:
        console.print(
            f"the lake is not in it: it was at {done.lake_elsewhere} (MOOVITAMIX_LAKE_URL)"
        )
