"""The simulated clock of the app."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """UTC now, or an instant that is held.

    Now goes in whole minutes: the pages of one pull are asked for within seconds of each other,
    and a world that moved with each request would hardly show two pages of the same state.
    """

    held: datetime | None = None

    def read(self) -> datetime:
        """Return the instant, without a zone."""
        return self.held or datetime.now(UTC).replace(second=0, microsecond=0, tzinfo=None)
