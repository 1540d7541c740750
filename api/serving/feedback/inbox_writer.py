"""The writer of a worker: requests that come while one commit runs share the next one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.serving.feedback.hidden import Hidden
    from lake.feedback.inbox import Inbox
    from lake.feedback.inbox_tables import Event

_MOST_EVENTS = 5_000
"""Events in one commit, unless a single request has more."""


class Writer:
    """Stores feedback in the inbox; what is acknowledged is durable, and hidden already."""

    def __init__(self, inbox: Inbox, hidden: Hidden) -> None:
        self._inbox = inbox
        self._hidden = hidden
        self._waiting: list[tuple[Sequence[Event], asyncio.Future[int]]] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, events: Sequence[Event]) -> int:
        """Store events, or none; return how many were new. Raises `InboxUnavailable`."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write())
        return await done

    async def clear(self, user_id: int) -> None:
        """Void all feedback of a user. Raises `InboxUnavailable`."""
        await asyncio.to_thread(self._clear, user_id)

    async def _write(self) -> None:
        while self._waiting:
            taken = self._take()
            try:
                added = await asyncio.to_thread(self._store, [events for events, _ in taken])
            except Exception as error:
                for _, done in taken:
                    if not done.done():
                        done.set_exception(error)
            else:
                for (_, done), number in zip(taken, added, strict=True):
                    if not done.done():
                        done.set_result(number)

    def _take(self) -> list[tuple[Sequence[Event], asyncio.Future[int]]]:
        taken, size = 0, 0
        while taken < len(self._waiting) and (not taken or size <= _MOST_EVENTS):
            size += len(self._waiting[taken][0])
            taken += 1
        first, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return first

    def _store(self, batches: list[Sequence[Event]]) -> list[int]:
        added = self._inbox.add(batches)
        self._hidden.refresh()
        return added

    def _clear(self, user_id: int) -> None:
        self._inbox.clear(user_id)
        self._hidden.refresh()
