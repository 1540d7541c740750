"""Measured against promised figures: a line for each, and one table of all.

A bench reports its promises as it ends; they are kept in `data/bench/`, one file for each bench,
until it runs again. Ratios count, not seconds: of each round, ours over a peer's.
"""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Literal

from bench.measure import ROOT, Rounds, table

KEPT = ROOT / "data" / "bench"


@dataclass(frozen=True, slots=True)
class Promise:
    """A ratio as measured in each round, and what it may be at most or must be at least.

    `ours` and `peer` are medians with their units. `limit` is None where nothing was promised.
    """

    name: str
    ours: str
    peer: str
    ratios: list[float]
    limit: float | None = None
    bound: Literal["at most", "at least"] = "at most"

    @property
    def ratio(self) -> float:
        """Median over the rounds."""
        return median(self.ratios)

    @property
    def best(self) -> float:
        """Of the round that served us best."""
        return min(self.ratios) if self.bound == "at most" else max(self.ratios)

    @property
    def spread(self) -> float:
        """From the least to the most of the rounds, as a share of the median."""
        return (max(self.ratios) - min(self.ratios)) / self.ratio if self.ratio else 0.0

    @property
    def holds(self) -> bool:
        """Whether the limit is kept; what has none holds."""
        return self.keeps(self.ratio)

    def keeps(self, ratio: float) -> bool:
        """Whether a ratio is within the limit."""
        if self.limit is None:
            return True
        return ratio <= self.limit if self.bound == "at most" else ratio >= self.limit

    @property
    def row(self) -> tuple[str, ...]:
        """As the table shows it."""
        limit = "" if self.limit is None else f"{self.bound} {self.limit:g}"
        outcome = "" if self.limit is None else "holds" if self.holds else "missed"
        figures = (self.ours, self.peer, limit, f"{self.ratio:.2f}", str(len(self.ratios)))
        return (self.name, *figures, f"{self.spread:.0%}", outcome)


def of_walls(
    name: str,
    measured: Rounds,
    pair: tuple[str, str],
    limit: float | None,
    bound: Literal["at most", "at least"] = "at most",
) -> Promise:
    """Hold the wall time of one contender against another's.

    Args:
        name: What is promised.
        measured: The rounds in which both took their turns.
        pair: The contender that is held to the limit, and its peer.
        limit: What its time over the peer's may be at most; with "at least", how many times as
            fast as the peer it must be. None where nothing was promised.
        bound: Which of the two.
    """
    ours, peer = (f"{measured.medians[one].wall:.1f} s" for one in pair)
    over = pair if bound == "at most" else pair[::-1]
    return Promise(name, ours, peer, measured.ratios(*over), limit, bound)


def report(bench: str, *promises: Promise) -> None:
    """Print the promises of a bench and store them for the table of all."""
    KEPT.mkdir(parents=True, exist_ok=True)
    found = {
        "machine": machine(),
        "measured_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        "promises": [asdict(promise) for promise in promises],
    }
    (KEPT / f"{bench}.json").write_text(json.dumps(found, indent=1))
    _show(f"{bench}: promises", promises)


def of(bench: str) -> list[Promise]:
    """What a bench last found; nothing where it never ran."""
    path = KEPT / f"{bench}.json"
    if not path.exists():
        return []
    return [Promise(**row) for row in json.loads(path.read_text())["promises"]]


def show_all(benches: list[str], size: str) -> None:
    """One table of what the benches last found; limits are promises of the full size."""
    found = [promise for bench in benches for promise in of(bench)]
    _show(f"all promises, {size} size, on {machine()}", found)


def machine() -> str:
    """What the figures are of: cores, processor, Python."""
    described = Path("/proc/cpuinfo").read_text().split("model name")[1:2]
    processor = described[0].split("\n")[0].strip("\t :") if described else platform.machine()
    return f"{os.cpu_count()} cores of {processor}, Python {platform.python_version()}"


def _show(title: str, promises: Sequence[Promise]) -> None:
    columns = ["promise", "ours", "peer", "limit", "ratio", "n", "spread", ""]
    table(title, columns, [promise.row for promise in promises])
