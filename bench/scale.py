"""Until when one machine is enough: DuckDB from 1 M to 100 M listens, and Spark on what fits.

Each history is a lake of 30 daily loads (bench/build.py says how it looks), written as Parquet.
Of each size: the first build with all tests, a day of 50,000 new listens (median of the rounds),
features, the publication, a batch of recommendations by factors of chance; seconds of whole
processes, their peak memory, and what is on disk.
`--spark 1 10` builds those sizes on Spark too.
"""

import argparse
import json
import os
import shutil
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import duckdb

from bench.build import DAYS, NEW_LISTENS, PER_SESSION, ROOT, TRACKS, USERS, land
from bench.measure import Cost, module, process, ratios, table
from bench.promises import Promise, tell
from bench.score import batch

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

    def note(self, what: str, cost: Cost) -> None:
        """Keep a cost, and say it at once: a long run that is cut off still told what it found."""
        self.costs.setdefault(what, []).append(cost)
        told = {"millions": self.millions, "what": what, **asdict(cost), "disk_mb": self.disk_mb}
        print(json.dumps(told), flush=True)

    def seconds(self, what: str) -> float:
        """Median of the rounds."""
        return median(cost.wall for cost in self.costs[what])

    def cpu(self, what: str) -> float:
        """Median of the rounds: on a machine that others use, steadier than the wall clock."""
        return median(cost.cpu for cost in self.costs[what])

    @property
    def peak_mb(self) -> float:
        """The most memory that any process of it held, those of Spark left out."""
        duckdbs = {name: costs for name, costs in self.costs.items() if name != "spark"}
        return max(cost.peak_mb for costs in duckdbs.values() for cost in costs)


def main() -> None:
    """Measure the sizes that were asked for, the small ones first."""
    asked = _arguments()
    sizes = []
    for millions in asked.millions:
        with TemporaryDirectory(dir=asked.dir) as home:
            sizes.append(_measure(Path(home) / "data", millions, asked))
    _show(sizes)


def _arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--millions", type=int, nargs="+", default=[1, 10, 50, 100])
    asked.add_argument("--spark", type=int, nargs="*", default=[], help="sizes, in millions")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--dir", help="where the lakes may grow (15 GB at 100 M)")
    return asked.parse_args()


def _measure(data_dir: Path, millions: int, asked: argparse.Namespace) -> Size:
    os.environ["MOOVITAMIX_DATA_DIR"] = str(data_dir)
    size = Size(millions)
    begun = perf_counter()
    for day in range(DAYS):
        land(data_dir, day, millions * 1_000_000 // DAYS // PER_SESSION, str(millions))
    size.lake_seconds = perf_counter() - begun
    size.disk_mb["lake"] = _megabytes(data_dir / "lake")
    if millions in asked.spark:
        size.note("spark", process(_moovitamix("build", "--target", "spark")))
        size.disk_mb["spark"] = _megabytes(data_dir / "spark" / "warehouse")
    size.note("first build", process(_dbt("marts")))
    size.disk_mb["build file"] = _megabytes(data_dir / "build.duckdb")
    _seal(data_dir)
    land(data_dir, DAYS, NEW_LISTENS // PER_SESSION, str(millions))
    for _ in range(asked.rounds):
        shutil.copy(data_dir / "sealed.duckdb", data_dir / "build.duckdb")
        size.note("day", process(_dbt("marts")))
    size.note("features", process(_dbt("features")))
    size.note("publish", process(_moovitamix("publish")))
    size.disk_mb["published"] = _megabytes(data_dir / "marts.duckdb")
    size.note("recommend", batch(data_dir, millions * USERS, millions * TRACKS))
    return size


def _seal(data_dir: Path) -> None:
    """Keep the build as the start of every round, as if it had been published."""
    with duckdb.connect(data_dir / "build.duckdb") as built:
        built.execute("update ledger.loads set is_published = true")
    shutil.copy(data_dir / "build.duckdb", data_dir / "sealed.duckdb")


def _dbt(part: str) -> list[str]:
    dbt = str(Path(sys.executable).with_name("dbt"))
    words = ["--quiet", "build", "--selector", part, "--exclude-resource-type", "unit_test"]
    return [dbt, *words, "--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT)]


def _moovitamix(*words: str) -> list[str]:
    return module("orchestration.cli", *words)


def _megabytes(path: Path) -> float:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def _show(sizes: list[Size]) -> None:
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
            for size in sizes
        ],
    )
    least, most = sizes[0], sizes[-1]
    days = ([cost.wall for cost in size.costs["day"]] for size in (most, least))
    tell(
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
