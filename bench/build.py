"""A day of 50,000 new listens onto 1 M, 10 M and 50 M: what `dbt build` and its tests cost.

Each round takes every size in turn, from its validated build.
"""

import argparse
import os
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.history import NEW_LISTENS, History, keep_validated, land, land_all, restore_validated
from bench.measure import Cost, dbt_build, module, pairwise, process, table
from bench.promises import Promise, tell

LIMIT = 1.5


def main() -> None:
    """Make the lakes, build them, then measure one more day on each."""
    asked = _arguments()
    with TemporaryDirectory(dir=asked.dir) as home:
        sizes = {f"{millions} M": Path(home) / str(millions) for millions in asked.millions}
        first = {name: _build_history(data_dir) for name, data_dir in sizes.items()}
        measured = pairwise(
            {name: partial(_a_day, data_dir) for name, data_dir in sizes.items()},
            asked.rounds,
        )
        published = {name: _publish(data_dir) for name, data_dir in sizes.items()}
    days = measured.medians
    _show(first, days, published)
    least, *_, most = days
    tell(
        "build",
        Promise(
            f"a day on {most} against {least}",
            f"{days[most].wall:.1f} s",
            f"{days[least].wall:.1f} s",
            measured.ratios(most, least),
            LIMIT,
        ),
    )


def _arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--millions", type=int, nargs="+", default=[1, 10, 50])
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--dir", help="where the lakes may grow (3 GB)")
    return asked.parse_args()


def _build_history(data_dir: Path) -> Cost:
    history = History(int(data_dir.name))
    land_all(data_dir, history)
    cost = _build(data_dir)
    keep_validated(data_dir)
    land(data_dir, history, history.loads)
    return cost


def _a_day(data_dir: Path) -> Cost:
    restore_validated(data_dir)
    return _build(data_dir)


def _build(data_dir: Path) -> Cost:
    os.environ["MOOVITAMIX_DATA_DIR"] = str(data_dir)
    return process(dbt_build())


def _publish(data_dir: Path) -> Cost:
    os.environ["MOOVITAMIX_DATA_DIR"] = str(data_dir)
    return process(module("orchestration.cli.main", "publish"))


def _show(first: dict[str, Cost], days: dict[str, Cost], published: dict[str, Cost]) -> None:
    base = next(iter(days.values()))
    table(
        f"build: a day of {NEW_LISTENS:,} listens onto a history, medians, whole processes",
        [
            "history",
            "day s",
            "day CPU s",
            "ratio wall",
            "ratio CPU",
            "first build s",
            "publish s",
            "MB",
        ],
        [
            (
                name,
                f"{day.wall:.1f}",
                f"{day.cpu:.1f}",
                f"{day.wall / base.wall:.2f}",
                f"{day.cpu / base.cpu:.2f}",
                f"{first[name].wall:.1f}",
                f"{published[name].wall:.1f}",
                f"{day.peak_mb:.0f}",
            )
            for name, day in days.items()
        ],
    )


if __name__ == "__main__":
    main()
