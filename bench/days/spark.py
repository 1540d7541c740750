"""The lakes of `bench.days.scale` built on Spark, in this process: the first build, then two days.

One day's sessions began on that day, the other's up to a week before: Parquet has no rows to
replace, so each day that an increment touches is rewritten. Seconds of whole processes, with
their tests; `make setup-spark` must have been there.
"""

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time

import duckdb

from bench.days.history import NEW_LISTENS, History, land, land_all
from bench.days.scale import megabytes
from bench.measure import Cost, module, process, table

A_WEEK = 7
PARTS = ("first build", "a day", "a late day")


def main() -> None:
    """Measure the sizes that were asked for, the small ones first."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--millions", type=int, nargs="+", default=[1, 10, 50, 100])
    asked.add_argument("--dir", help="where the lakes may grow (6 GB at 100 M)")
    given = asked.parse_args()
    rows = []
    for millions in given.millions:
        with TemporaryDirectory(dir=given.dir) as home:
            rows.append((f"{millions} M", *_measure(Path(home) / "data", millions)))
    table(
        f"spark: builds with their tests, s; a day is {NEW_LISTENS:,} new listens",
        ["listens", *PARTS, "listens written", "late day's", "tables MB"],
        rows,
    )


def _measure(data_dir: Path, millions: int) -> list[str]:
    os.environ["MOOVITAMIX_DATA_DIR"] = str(data_dir)
    history = History(millions)
    land_all(data_dir, history)
    costs, written = [_build()], []
    tables = megabytes(data_dir / "spark" / "warehouse")
    for number, late in enumerate((0, A_WEEK), history.loads):
        land(data_dir, history, number, late=late)
        began = time()
        costs.append(_build())
        written.append(_listens_written(data_dir, began))
    seconds = (f"{cost.wall:.1f}" for cost in costs)
    return [*seconds, *(f"{listens:,}" for listens in written), f"{tables:,.0f}"]


def _build() -> Cost:
    cost = process(module("orchestration.cli.main", "build", "--target", "spark"))
    print(cost, flush=True)  # at once: a long run that is cut off has still reported it
    return cost


def _listens_written(data_dir: Path, since: float) -> int:
    fact = data_dir / "spark" / "warehouse" / "main.db" / "fact_listen_history"
    files = [str(file) for file in fact.rglob("*.parquet") if file.stat().st_mtime >= since]
    counted = duckdb.execute("select sum(num_rows) from parquet_file_metadata(?)", [files])
    return int(counted.fetchall()[0][0])


if __name__ == "__main__":
    main()
