"""Which answers a worker gives now: one reference, replaced when others are prepared."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from api.serving import shared_files
from api.serving.errors import AnswersDamaged
from api.serving.snapshot.lookup import Answers
from api.serving.snapshot.manifest import Pointer

if TYPE_CHECKING:
    from api.serving.settings import ServingSettings

POINTER = "current.json"


class Served:
    """The present answers, and why they are not newer ones.

    A request takes `answers` once and uses nothing else: what it began with it ends with.
    """

    def __init__(self, settings: ServingSettings) -> None:
        self._folder = settings.folder / "answers"
        self._pointer = settings.folder / POINTER
        self._stale_after = settings.stale_after
        self._seen: shared_files.Sight | None = None
        self._name: str | None = None
        self.answers: Answers | None = None
        self.degraded: str | None = "no answers have been prepared yet"
        with suppress(AnswersDamaged):  # the keeper makes them again
            self.refresh()

    def refresh(self) -> None:
        """Follow the pointer if it has moved.

        Raises `AnswersDamaged` where it leads nowhere, and serves on as before.
        """
        seen = shared_files.look(self._pointer)
        if seen is None or seen == self._seen:
            return
        try:
            self._follow(seen)
        except (OSError, ValueError) as error:
            raise AnswersDamaged(self._pointer, type(error).__name__) from error

    def _follow(self, seen: shared_files.Sight) -> None:
        pointer = Pointer.model_validate_json(self._pointer.read_bytes())
        if pointer.folder and pointer.folder != self._name:
            self.answers = Answers(self._folder / pointer.folder, self._stale_after)
            self._name = pointer.folder
        self.degraded = pointer.degraded
        self._seen = seen
