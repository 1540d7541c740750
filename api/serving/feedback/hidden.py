"""The tracks that users hid: a sorted array, 8 bytes a pair, that follows the inbox."""

from __future__ import annotations

from bisect import bisect_left
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from lake.feedback.inbox import Inbox

_SHIFT, _OFFSET, _MASK = 32, 2**31, 2**32 - 1
_NOTHING: frozenset[int] = frozenset()


class Hidden:
    """What each user hid, as of the newest event that this process knows."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._lock = Lock()
        self._last: int | None = None
        self._pairs = _sorted([])
        self._numbers: memoryview[Any] = self._pairs.data

    @property
    def is_known(self) -> bool:
        """Whether the inbox was read since this process started."""
        return self._last is not None

    def of_user(self, user_id: int) -> frozenset[int]:
        """Return the ids of the tracks that a user hid."""
        numbers = self._numbers
        if not numbers:
            return _NOTHING
        begin = bisect_left(numbers, user_id << _SHIFT)
        end = bisect_left(numbers, user_id + 1 << _SHIFT, begin)
        if begin == end:
            return _NOTHING
        return frozenset((number & _MASK) - _OFFSET for number in numbers[begin:end])

    def refresh(self) -> None:
        """Read what changed since the last time; raises `InboxUnavailable`."""
        with self._lock:
            if self._last is None:
                self._inbox.create()
            last, users = self._inbox.changes(self._last)
            if users is None:
                self._replace(_sorted(self._inbox.hidden(None)))
            elif users:
                others = self._pairs[~np.isin(self._pairs >> _SHIFT, list(users))]
                theirs = _sorted(self._inbox.hidden(users))
                self._replace(np.sort(np.concatenate([others, theirs])))
            self._last = last

    def _replace(self, pairs: npt.NDArray[np.int64]) -> None:
        self._pairs, self._numbers = pairs, pairs.data


def _sorted(pairs: Iterable[tuple[int, int]]) -> npt.NDArray[np.int64]:
    numbers = ((user_id << _SHIFT) | (track_id + _OFFSET) for user_id, track_id in pairs)
    return np.sort(np.fromiter(numbers, np.int64))
