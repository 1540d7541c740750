"""The refresher: the one process that reads the published file and prepares its snapshot.

It checks the file five times a second, and writes the hourly counts. A file that can't be served
changes only the reason that workers give for serving the last good snapshot.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import threading
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from api.serving import shared_files
from api.serving.access.api_keys import KeyRing
from api.serving.errors import PublicationUnusable
from api.serving.processes.supervisor import live_with_parent
from api.serving.snapshot.current import POINTER, CurrentSnapshot
from api.serving.snapshot.manifest import FORMAT, Manifest, Pointer
from api.serving.snapshot.prepare import prepare
from api.serving.telemetry.hourly import Hourly
from api.serving.telemetry.logs import FailureLog, Log
from lake import atomic

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event
    from pathlib import Path

    from api.serving.settings import ServingSettings

_LOOK_EVERY = 0.2
_FORMER_FOR = 10.0
"""Seconds; in which a worker can still open the previous answers."""
_NICENESS = 10
"""Requests go before what is prepared for later ones."""
_RETRY_FIRST, _RETRY_LAST = 1.0, 60.0


class Refresher:
    """Prepares a snapshot of each publication."""

    def __init__(
        self, settings: ServingSettings, log: Log, keep_former: float = _FORMER_FOR
    ) -> None:
        self._keep_former = keep_former
        self._settings = settings
        self._log = log
        self._folder = settings.folder / "answers"
        self._pointer = settings.folder / POINTER
        self.pointer, self.manifest = self._last_good()
        self._pointed: shared_files.FileState | None = None
        self._failed: shared_files.FileState | None = None
        self._retry_at, self._retry_after = 0.0, _RETRY_FIRST
        self._prune_at: float | None = monotonic()
        for draft in self._folder.glob("*.draft"):
            shutil.rmtree(draft)

    def look(self) -> None:
        """Prepare the published file if it is not the one that is served."""
        if self._prune_at and monotonic() > self._prune_at:
            self._prune({self.pointer.folder})
            self._prune_at = None
        source = shared_files.state_of(self._settings.marts_file)
        if self.manifest and source == self.manifest.source:
            self._point(Pointer(folder=self.pointer.folder))
            return
        if source != self._failed:
            self._retry_at, self._retry_after = 0.0, _RETRY_FIRST
        if monotonic() < self._retry_at:
            return
        try:
            self._prepare()
        except (PublicationUnusable, OSError) as error:
            self._failed = source
            self._retry_at = monotonic() + self._retry_after
            self._retry_after = min(2 * self._retry_after, _RETRY_LAST)
            # clients get the error, only the log the cause: it has paths in it
            foreseen = isinstance(error, PublicationUnusable)
            reason = str(error) if foreseen else "answers could not be prepared"
            why = str(error.__cause__ or error)
            self._point(Pointer(folder=self.pointer.folder, degraded=reason), why)

    def _prepare(self) -> None:
        began = monotonic()
        draft = self._folder / f"{secrets.token_hex(4)}.draft"
        needs_predictions = bool(self.manifest and self.manifest.has_predictions)
        try:
            manifest = prepare(
                self._settings.marts_file,
                draft,
                self._settings.memory_limit,
                needs_predictions=needs_predictions,
            )
            shutil.rmtree(draft / "spill", ignore_errors=True)
            name = f"{manifest.publication_version}-{draft.stem}"
            atomic.rename(draft, self._folder / name)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        former, self.manifest = self.pointer.folder, manifest
        self._point(Pointer(folder=name))
        self._log.event(
            "prepared",
            publication_version=manifest.publication_version,
            model_version=manifest.model_version,
            users=manifest.users,
            seconds=round(monotonic() - began, 3),
        )
        self._prune({name, former})
        self._prune_at = monotonic() + self._keep_former

    def _last_good(self) -> tuple[Pointer, Manifest | None]:
        with suppress(OSError, ValueError):
            pointer = Pointer.model_validate_json(self._pointer.read_bytes())
            if pointer.folder:
                written = (self._folder / pointer.folder / "facts.json").read_bytes()
                manifest = Manifest.model_validate_json(written)
                if manifest.format == FORMAT and self._is_whole(pointer.folder, manifest):
                    return pointer, manifest
        return Pointer(), None

    def _is_whole(self, name: str, manifest: Manifest) -> bool:
        """Whether each array is as it was written; else all are made again."""
        folder = self._folder / name
        return all(
            shared_files.checksum(folder / one) == its for one, its in manifest.files.items()
        )

    def _point(self, pointer: Pointer, why: str = "") -> None:
        is_new = pointer != self.pointer
        if not is_new and self._pointed == shared_files.state_of(self._pointer):
            return
        atomic.replace_file(self._pointer, pointer.model_dump_json().encode())
        self._pointed = shared_files.state_of(self._pointer)
        self.pointer = pointer
        if is_new and pointer.degraded:
            self._log.event("degraded", reason=pointer.degraded, why=why)

    def _prune(self, kept: set[str | None]) -> None:
        """Remove other answers; workers that still map them lose nothing."""
        for folder in _folders(self._folder) if self._folder.exists() else ():
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)


def _folders(parent: Path) -> list[Path]:
    return [path for path in parent.iterdir() if path.is_dir()]


def refresh(settings: ServingSettings, refreshed: Event) -> None:
    """Follow the published file until SIGINT or SIGTERM.

    What is wrong with the keys or the snapshot is logged here, once for all workers.
    """
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    live_with_parent()
    log = Log("refresher")
    os.nice(_NICENESS)
    failures = FailureLog(log)
    refresher, served, ring = (
        Refresher(settings, log),
        CurrentSnapshot(settings),
        KeyRing(settings.keys_file),
    )
    hourly = Hourly(settings)
    refresher.look()
    refreshed.set()
    while not ended.wait(_LOOK_EVERY):
        failures.run(served.refresh)
        failures.run(ring.refresh)
        before = refresher.manifest
        refresher.look()
        try:
            hourly.keep(before, ends=before is not refresher.manifest)
        except OSError as error:
            log.event("counts not written", reason=str(error))
    with suppress(OSError):
        hourly.keep(refresher.manifest, ends=True)
    log.flush()
