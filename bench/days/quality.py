"""The cost of a day's checks: validation, freshness, tests, measures and monitoring.

A day of the default app runs whole and bare, each in a separate process, onto a short history
and onto one of ten times as many days and loads. Recommendations are left out of both.
"""

import argparse
import os
import shutil
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import Cost, module, pairwise, process, table
from bench.promises import of_walls, report

FIRST_DAY = date(2026, 3, 1)
# Days that the app was open before it was first pulled, and days of pulls since.
HISTORIES = {"short": (12, 2), "long": (120, 20)}
LIMIT = 1.55


def main() -> None:
    """Live both histories, then another day on each, whole and bare in turn."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--dir", help="where the histories may grow (1 GB)")
    arguments = asked.parse_args()
    with TemporaryDirectory(dir=arguments.dir) as home:
        kept = {name: _run_days(Path(home), name) for name in HISTORIES}
        measured = pairwise(
            {
                f"{name}, {kind}": partial(_a_day, Path(home), kept[name], name, kind)
                for name in HISTORIES
                for kind in ("whole", "bare")
            },
            arguments.rounds,
        )
    _show(measured.medians)
    long, short, bare = "long, whole", "short, whole", "long, bare"
    report(
        "quality",
        *(
            of_walls(name, measured, (long, peer), limit)
            for name, peer, limit in (
                ("a guarded day against a bare one", bare, LIMIT),
                ("ten times the history", short, None),
            )
        ),
    )


def _run_days(home: Path, name: str) -> Path:
    """Return a data folder after the days of a history, the last one with its monitoring marts."""
    data_dir = _at_work(home, name)
    days = HISTORIES[name][1]
    process(module("orchestration.cli.main", "simulate", "--days", days, "--from", FIRST_DAY))
    return data_dir.rename(home / name)


def _a_day(home: Path, kept: Path, name: str, kind: str) -> Cost:
    shutil.copytree(kept, _at_work(home, name))
    day = FIRST_DAY + timedelta(days=HISTORIES[name][1])
    at = f"{datetime.combine(day, datetime.max.time()):%Y-%m-%dT%H:%M:%S}"
    if kind == "bare":
        return process(module("bench.days.bare_day", at))
    return process(module("orchestration.cli.main", "run", "--as-of", at))


def _at_work(home: Path, name: str) -> Path:
    """One empty folder for all days: dbt parses the project again for another address."""
    data_dir, before = home / "data", HISTORIES[name][0]
    shutil.rmtree(data_dir, ignore_errors=True)
    os.environ |= {
        "MOOVITAMIX_DATA_DIR": str(data_dir),
        "MOOVITAMIX_RECOMMENDATIONS": "false",
        "MOOVITAMIX_SOURCE_DAYS": str(before),
        "MOOVITAMIX_SOURCE_LAUNCHED_ON": str(FIRST_DAY - timedelta(days=before)),
    }
    return data_dir


def _show(days: dict[str, Cost]) -> None:
    rows = []
    for name in HISTORIES:
        whole, bare = days[f"{name}, whole"], days[f"{name}, bare"]
        rows.append(
            (
                f"{name}: {HISTORIES[name][1]} loads",
                *(f"{cost:.1f}" for cost in (whole.wall, whole.cpu, bare.wall, bare.cpu)),
                f"{whole.wall / bare.wall:.2f}",
                f"{whole.wall - bare.wall:.1f}",
                f"{whole.cpu - bare.cpu:.1f}",
            )
        )
    table(
        "quality: a day of the default app, medians, whole processes",
        [
            "history",
            "whole s",
            "CPU s",
            "bare s",
            "CPU s",
            "wall ratio",
            "guarding s",
            "CPU s",
        ],
        rows,
    )


if __name__ == "__main__":
    main()
