"""The one process that reads the published file: prepares its answers, and keeps the hour's counts.

It looks at the file five times a second. What can't be served changes nothing but the reason that
workers give for going on with what they have.
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
from api.serving.snapshot.current import POINTER, Served
from api.serving.snapshot.manifest import FORMAT, Facts, Pointer
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
"""Seconds; a worker that is about to open the former answers still can."""
_NICENESS = 10
"""Requests go before what is prepared for later ones."""
_RETRY_FIRST, _RETRY_LAST = 1.0, 60.0


class Keeper:
    """Makes the prepared answers follow the published file."""

    def __init__(
        self, settings: ServingSettings, log: Log, keep_former: float = _FORMER_FOR
    ) -> None:
        self._keep_former = keep_former
        self._settings = settings
        self._log = log
        self._folder = settings.folder / "answers"
        self._pointer = settings.folder / POINTER
        self.said, self.facts = self._last_good()
        self._pointed: shared_files.Sight | None = None
        self._failed: shared_files.Sight | None = None
        self._retry_at, self._retry_after = 0.0, _RETRY_FIRST
        self._prune_at: float | None = monotonic()
        for draft in self._folder.glob("*.draft"):
            shutil.rmtree(draft)

    def look(self) -> None:
        """Prepare the published file if it is another one than is served."""
        if self._prune_at and monotonic() > self._prune_at:
            self._prune({self.said.folder})
            self._prune_at = None
        source = shared_files.look(self._settings.marts_file)
        if self.facts and source == self.facts.source:
            self._point(Pointer(folder=self.said.folder))
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
            # clients are told what, the log also why: reasons have paths in them
            foreseen = isinstance(error, PublicationUnusable)
            said = str(error) if foreseen else "answers could not be prepared"
            why = str(error.__cause__ or error)
            self._point(Pointer(folder=self.said.folder, degraded=said), why)

    def _prepare(self) -> None:
        began = monotonic()
        draft = self._folder / f"{secrets.token_hex(4)}.draft"
        needs_predictions = bool(self.facts and self.facts.has_predictions)
        try:
            facts = prepare(
                self._settings.marts_file,
                draft,
                self._settings.memory_limit,
                needs_predictions=needs_predictions,
            )
            shutil.rmtree(draft / "spill", ignore_errors=True)
            name = f"{facts.publication_version}-{draft.stem}"
            atomic.rename(draft, self._folder / name)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        former, self.facts = self.said.folder, facts
        self._point(Pointer(folder=name))
        self._log.event(
            "prepared",
            publication_version=facts.publication_version,
            model_version=facts.model_version,
            users=facts.users,
            seconds=round(monotonic() - began, 3),
        )
        self._prune({name, former})
        self._prune_at = monotonic() + self._keep_former

    def _last_good(self) -> tuple[Pointer, Facts | None]:
        with suppress(OSError, ValueError):
            pointer = Pointer.model_validate_json(self._pointer.read_bytes())
            if pointer.folder:
                written = (self._folder / pointer.folder / "facts.json").read_bytes()
                facts = Facts.model_validate_json(written)
                if facts.format == FORMAT and self._is_whole(pointer.folder, facts):
                    return pointer, facts
        return Pointer(), None

    def _is_whole(self, name: str, facts: Facts) -> bool:
        """Whether each array is as it was written; else all are made again."""
        folder = self._folder / name
        return all(shared_files.summed(folder / one) == its for one, its in facts.files.items())

    def _point(self, pointer: Pointer, why: str = "") -> None:
        is_new = pointer != self.said
        if not is_new and self._pointed == shared_files.look(self._pointer):
            return
        atomic.replace_file(self._pointer, pointer.model_dump_json().encode())
        self._pointed = shared_files.look(self._pointer)
        self.said = pointer
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
    keeper, served, ring = Keeper(settings, log), Served(settings), KeyRing(settings.keys_file)
    hourly = Hourly(settings)
    keeper.look()
    refreshed.set()
    while not ended.wait(_LOOK_EVERY):
        failures.run(served.refresh)
        failures.run(ring.refresh)
        before = keeper.facts
        keeper.look()
        try:
            hourly.keep(before, ends=before is not keeper.facts)
        except OSError as error:
            log.event("counts not written", reason=str(error))
    with suppress(OSError):
        hourly.keep(keeper.facts, ends=True)
    log.flush()
