"""The window of a pull on `updated_at`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lake.loads import Kind


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open on `updated_at`, pinned once for all tables; `since` None is the beginning."""

    since: datetime | None
    until: datetime
    kind: Kind

    def query(self) -> dict[str, str]:
        """The window as query parameters; an API that knows none ignores them."""
        until = {"updated_until": self.until.isoformat()}
        return until if self.since is None else {"updated_since": self.since.isoformat(), **until}


def window(cursor: datetime | None, until: datetime, overlap: timedelta, *, full: bool) -> Window:
    """The window from the cursor, less the overlap, up to `until`.

    Args:
        cursor: Up to when the lake is complete; None if it has no load.
        until: The end of the window.
        overlap: How far behind the cursor it starts.
        full: Whether it starts at the beginning.
    """
    if full:
        return Window(None, until, "full")
    if cursor is None:
        return Window(None, until, "initial")
    return Window(cursor - overlap, until, "incremental")
