"""Options for reading files, for what the files leave open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

DateOrder = Literal["day-first", "month-first"]
LEAST_MS_PLAYED = 30_000
"""Streaming services count a play from 30 seconds on."""


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """Settings of `read_log`; each default is what a file that says all about itself needs."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Of the listens file: our name of a column to its name there, or to its number from 1."""
    delimiter: str | None = None
    encoding: str | None = None
    """Of text files that are not UTF-8."""
    date_order: DateOrder | None = None
    """Of dates such as 03/02/2019; none: decided by the whole column, or refused."""
    time_zone: str = "UTC"
    """Of instants without an offset."""
    split_on: str | None = None
    """Text metadata are several values, with this between them."""
    least_ms_played: int = LEAST_MS_PLAYED
    """Shorter plays are left out, where the file has `ms_played`."""
    with_spoken: bool = False
    """Count podcasts and audiobooks among the listens of a service's export."""
    only_listened: bool = False
    """Leave out users and tracks that have metadata but no listen."""
