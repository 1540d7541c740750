"""The scale that one machine can do: DuckDB from 1 M to 100 M listens.

Each history is a lake of 30 daily loads (bench/days/history.py says how it looks). Of each size:
the first build with all tests, a day of 50,000 new listens (median of the rounds), features, the
publication, a batch of recommendations by factors of chance; seconds of whole processes, their peak
memory, and what is on disk. `bench.days.spark` builds the same lakes on Spark.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.days.history import (
    NEW_LISTENS,
    TRACKS,
    USERS,
    History,
    keep_validated,
    land,
    land_all,
    restore_validated,
)
from bench.measure import Cost, dbt_build, module, process, ratios, sizes, table
from bench.models.score import batch
from bench.promises import Promise, report

LIMIT_MB = 8192
LIMIT_DAY = 1.5
PARTS = ("first build", "day", "features", "publish", "recommend")


@dataclass(slots=True)
class Size:
    """What one size of history took, by what was done."""

    millions: int
    costs: dict[str, list[Cost]] = field(default_factory=dict)
    disk_mb: dict[str, float] = field(default_factory=dict)
    lake_seconds: float = 0.0

    def record(self, what: str, cost: Cost) -> None:
        """Keep a cost and print it at once: a long run that is cut off has still reported it."""
        self.costs.setdefault(what, []).append(cost)
        row = {"millions": self.millions, "what": what, **asdict(cost), "disk_mb": self.disk_mb}
        print(json.dumps(row), flush=True)

    def seconds(self, what: str) -> float:
        """Median of the rounds."""
        return median(cost.wall for cost in self.costs[what])

    def cpu(self, what: str) -> float:
        """Median of the rounds: on a machine that others use, steadier than the wall clock."""
        return median(cost.cpu for cost in self.costs[what])

    @property
    def peak_mb(self) -> float:
        """The most memory that any process of it held."""
        return max(cost.peak_mb for costs in self.costs.values() for cost in costs)


def main() -> None:
    """Measure the sizes that were asked for, the small ones first."""
    asked = sizes(__doc__, (1, 10, 50, 100), "15 GB at 100 M")
    measured = []
    for millions in asked.millions:
        with TemporaryDirectory(dir=asked.dir) as home:
            measured.append(_measure(Path(home) / "data", millions, asked.rounds))
    _show(measured)


def _measure(data_dir: Path, millions: int, rounds: int) -> Size:
    os.environ["MOOVITAMIX_DATA_DIR"] = str(data_dir)
    size = Size(millions)
    started = perf_counter()
    history = History(millions)
    land_all(data_dir, history)
    size.lake_seconds = perf_counter() - started
    size.disk_mb["lake"] = megabytes(data_dir / "lake")
    size.record("first build", process(dbt_build("--selector", "marts")))
    size.disk_mb["build file"] = megabytes(data_dir / "build.duckdb")
    keep_validated(data_dir)
    land(data_dir, history, history.loads)
    for _ in range(rounds):
        restore_validated(data_dir)
        size.record("day", process(dbt_build("--selector", "marts")))
    size.record("features", process(dbt_build("--selector", "features")))
    size.record("publish", process(module("orchestration.cli.main", "publish")))
    size.disk_mb["published"] = megabytes(data_dir / "marts.duckdb")
    size.record("recommend", batch(data_dir, millions * USERS, millions * TRACKS))
    return size


def megabytes(path: Path) -> float:
    """What a file, or all files of a folder, hold."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def _show(measured: list[Size]) -> None:
    table(
        f"scale: whole processes, s; a day is {NEW_LISTENS:,} new listens",
        ["listens", "lake", *PARTS, "day CPU", "peak MB", "lake MB", "build MB", "published MB"],
        [
            (
                f"{size.millions} M",
                f"{size.lake_seconds:.1f}",
                *(f"{size.seconds(part):.1f}" for part in PARTS),
                f"{size.cpu('day'):.1f}",
                f"{size.peak_mb:.0f}",
                *(f"{size.disk_mb[name]:.0f}" for name in ("lake", "build file", "published")),
            )
            for size in measured
        ],
    )
    least, most = measured[0], measured[-1]
    days = ([cost.wall for cost in size.costs["day"]] for size in (most, least))
    report(
        "scale",
        Promise(
            f"a day on {most.millions} M against {least.millions} M",
            f"{most.seconds('day'):.1f} s",
            f"{least.seconds('day'):.1f} s",
            ratios(*days),
            LIMIT_DAY,
        ),
        Promise(
            f"memory on {most.millions} M against {LIMIT_MB} MB",
            f"{most.peak_mb:,.0f} MB",
            f"{LIMIT_MB:,} MB",
            [most.peak_mb / LIMIT_MB],
            1.0,
        ),
    )


if __name__ == "__main__":
    main()
