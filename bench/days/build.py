"""A day of 50,000 new listens onto 1 M, 10 M and 50 M: what `dbt build` and its tests cost.

Each round takes every size in turn, from its validated build.
"""

import os
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.days.history import (
    NEW_LISTENS,
    History,
    keep_validated,
    land,
    land_all,
    restore_validated,
)
from bench.measure import Cost, dbt_build, module, pairwise, process, sizes, table
from bench.promises import of_walls, report

LIMIT = 1.5


def main() -> None:
    """Make the lakes, build them, then measure one more day on each."""
    asked = sizes(__doc__, (1, 10, 50), "3 GB")
    with TemporaryDirectory(dir=asked.dir) as home:
        lakes = {f"{millions} M": Path(home) / str(millions) for millions in asked.millions}
        first = {name: _build_history(data_dir) for name, data_dir in lakes.items()}
        measured = pairwise(
            {name: partial(_a_day, data_dir) for name, data_dir in lakes.items()},
            asked.rounds,
        )
        published = {name: _publish(data_dir) for name, data_dir in lakes.items()}
    days = measured.medians
    _show(first, days, published)
    least, *_, most = days
    report("build", of_walls(f"a day on {most} against {least}", measured, (most, least), LIMIT))


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
