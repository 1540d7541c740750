"""The report of what was read, in three lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ml.data.external.cells import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from ml.data.external.source import Source

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
    exports: list[str] = field(default_factory=list)
    """Of people's exports, where the file was made of them."""

    def describe(
        self,
        db: duckdb.DuckDBPyConnection,
        source: Source,
        places: Mapping[str, int],
        notes: Mapping[str, str],
    ) -> None:
        """Describe the table `listens` as it was read.

        Args:
            db: where the table is.
            source: the file that it came from.
            places: our name of each column, and where it stands in the file.
            notes: how a column was written, by our name.

        """
        at = "listened_at" if "listened_at" in places else "null"
        rows, users, tracks, first, last = db.execute(
            "select count(*), count(distinct user_id), count(distinct track_id),"
            f" min({at}), max({at}) from listens"
        ).fetchall()[0]
        span = f", {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC" if first else ""
        self.read = (
            f"{source.path.name} ({source.form}): {rows:,} rows, {users:,} users,"
            f" {tracks:,} tracks{span}"
        )
        used = [
            f"{role} from {source.names[place]}" + (f" ({notes[role]})" if notes.get(role) else "")
            for role, place in places.items()
        ]
        unused = [
            name
            for place, name in enumerate(source.names)
            if name.strip() and place not in places.values()
        ]
        if unused:
            used.append(f"not used: {', '.join(unused)}")
        self.taken = used + self.taken

    def lines(self) -> list[str]:
        """Return what was read, what columns were taken for, what was left out."""
        return [
            *self.exports,
            f"read      {shortened(self.read, 300)}",
            f"columns   {_listed(self.taken)}",
            f"left out  {_listed(self.left_out) or 'nothing'}",
        ]


def _listed(items: list[str]) -> str:
    shown = [shortened(item, 200) for item in items[:_MOST]]
    more = [f"and {len(items) - _MOST} more"] if len(items) > _MOST else []
    return "; ".join([*shown, *more])
