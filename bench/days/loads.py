"""The cost of many small loads: a million listens by day, or by hour for a year.

The first build of the lake, a day onto it, and both once more after `moovitamix compact`.
"""

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.days.history import History, as_published, land, land_all
from bench.measure import Cost, dbt_build, module, process, table

HISTORIES = {
    "30 days": History(1),
    "a month of hours": History(1, loads=720, hours=1),
    "a year of hours": History(1, loads=8_760, hours=1),
}
COLUMNS = ("first build, s (CPU)", "a day", "compact", "first build after it", "a day after it")


def main() -> None:
    """Measure each history, the one of fewest loads first."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    rows = []
    for name, history in HISTORIES.items():
        with TemporaryDirectory() as home:
            rows.append((name, *_measure(Path(home) / "data", history)))
            print(*rows[-1], flush=True)
    table("loads: 1 M listens, whole processes", ["came in", "files", "after", *COLUMNS], rows)


def _measure(data_dir: Path, history: History) -> list[str]:
    os.environ["MOOVITAMIX_DATA_DIR"] = str(data_dir)
    land_all(data_dir, history)
    files = [_files(data_dir)]
    costs = [process(dbt_build())]
    as_published(data_dir)
    land(data_dir, history, history.loads)
    costs += [process(dbt_build()), process(module("orchestration.cli.main", "compact"))]
    files.append(_files(data_dir))
    costs.append(process(dbt_build("--full-refresh")))
    as_published(data_dir)
    land(data_dir, history, history.loads + 1)
    costs.append(process(dbt_build()))
    return [*(f"{number:,}" for number in files), *map(_summary, costs)]


def _files(data_dir: Path) -> int:
    return sum(1 for _ in (data_dir / "lake").rglob("*.parquet"))


def _summary(cost: Cost) -> str:
    return f"{cost.wall:.1f} ({cost.cpu:.1f})"


if __name__ == "__main__":
    main()
