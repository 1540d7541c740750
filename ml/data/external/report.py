"""The report of what was read, in three lines."""

from __future__ import annotations

from dataclasses import dataclass, field

from ml.data.external.cells import shortened

_MOST = 12
"""Items of a line; metadata can have hundreds of columns."""


@dataclass(slots=True)
class Report:
    """Three lines about what was read, filled while reading."""

    read: str = ""
    """Rows, users, tracks and span."""
    taken: list[str] = field(default_factory=list)
    """What each column was taken for."""
    left_out: list[str] = field(default_factory=list)
    """What was left out, and why, and how often."""

    def lines(self) -> list[str]:
        """Return what was read, what columns were taken for, what was left out."""
        return [
            f"read      {shortened(self.read, 300)}",
            f"columns   {_listed(self.taken)}",
            f"left out  {_listed(self.left_out) or 'nothing'}",
        ]


def _listed(items: list[str]) -> str:
    shown = [shortened(item, 200) for item in items[:_MOST]]
    more = [f"and {len(items) - _MOST} more"] if len(items) > _MOST else []
    return "; ".join([*shown, *more])
