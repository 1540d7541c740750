"""Which stretch of `updated_at` a pull asks for."""

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
    """From the cursor, less the overlap, up to `until`; from the beginning when asked to."""
    if full:
        return Window(None, until, "full")
    if cursor is None:
        return Window(None, until, "initial")
    return Window(cursor - overlap, until, "incremental")
