"""The snapshot that a worker serves: one reference, replaced when a newer one is prepared."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from api.serving import shared_files
from api.serving.errors import SnapshotDamaged
from api.serving.snapshot.lookup import Snapshot
from api.serving.snapshot.manifest import Pointer

if TYPE_CHECKING:
    from api.serving.settings import ServingSettings

POINTER = "current.json"


class CurrentSnapshot:
    """The current snapshot, and why it is not a newer one.

    A request takes `snapshot` once and uses only that, from start to end.
    """

    def __init__(self, settings: ServingSettings) -> None:
        self._folder = settings.folder / "answers"
        self._pointer = settings.folder / POINTER
        self._stale_after = settings.stale_after
        self._seen: shared_files.FileState | None = None
        self._name: str | None = None
        self.snapshot: Snapshot | None = None
        self.degraded: str | None = "no answers have been prepared yet"
        with suppress(SnapshotDamaged):  # the refresher prepares it again
            self.refresh()

    def refresh(self) -> None:
        """Follow the pointer if it has moved.

        Raises `SnapshotDamaged` where it leads nowhere, and serves on as before.
        """
        seen = shared_files.state_of(self._pointer)
        if seen is None or seen == self._seen:
            return
        try:
            self._follow(seen)
        except (OSError, ValueError) as error:
            raise SnapshotDamaged(self._pointer, type(error).__name__) from error

    def _follow(self, seen: shared_files.FileState) -> None:
        pointer = Pointer.model_validate_json(self._pointer.read_bytes())
        if pointer.folder and pointer.folder != self._name:
            self.snapshot = Snapshot(self._folder / pointer.folder, self._stale_after)
            self._name = pointer.folder
        self.degraded = pointer.degraded
        self._seen = seen
