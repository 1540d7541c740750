"""Run every bench in turn and print one table of results: `python -m bench [NAME ...]`.

`--small` takes minutes instead of hours, `--guard` then fails where a ratio is much worse than the
one in `bench/baselines.json`, and `--keep` makes the found ratios the ones to compare with.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from bench import promises
from bench.measure import module
from bench.promises import Promise

# Arguments of each bench for a pull request; the others show nothing at such a size.
ROOMS = ("days", "models", "serving")
SMALL = {
    "ingest": "--sessions 100000 --small 20000 --hundreds 20000",
    "build": "--millions 1 5",
    "serve": "--users 2000 --tracks 1000 --seconds 3",
    "score": "--rounds 5",
}
OTHERS = ("day", "feedback", "train", "quality", "prepare", "world", "airflow", "loads", "scale")
ALL = (*SMALL, *OTHERS)
BASELINES = Path(__file__).with_name("baselines.json")
# How much worse than its baseline a ratio may be: other work on the machine moves one by a fifth.
ALLOWED = 1.5


def main() -> None:
    """Run the benches, show the table, and compare with the baselines where asked."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ALL))
    asked.add_argument("--small", action="store_true")
    asked.add_argument("--guard", action="store_true")
    asked.add_argument("--keep", action="store_true")
    given = asked.parse_args()
    names = given.names or list(SMALL if given.small else ALL)
    if unknown := set(names) - set(ALL):
        sys.exit(f"no bench is named {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    for name in names:
        sized = SMALL.get(name, "").split() if given.small else []
        if subprocess.run(module(_module_of(name), *sized), check=False).returncode:
            sys.exit(f"bench {name} failed")
    promises.show_all(names, "small" if given.small else "full")
    if given.keep:
        _keep(names)
    if given.guard and (worse := _worse_than_before(names)):
        sys.exit("\n".join(worse))


def _module_of(name: str) -> str:
    (room,) = (
        one for one in ROOMS if Path(__file__).with_name(one).joinpath(f"{name}.py").exists()
    )
    return f"bench.{room}.{name}"


def _keep(names: list[str]) -> None:
    kept = json.loads(BASELINES.read_text()) if BASELINES.exists() else {}
    for name in names:
        found = {one.name: round(one.ratio, 3) for one in promises.of(name)}
        kept[name] = kept.get(name, {}) | found
    BASELINES.write_text(json.dumps(kept, indent=2) + "\n")


def _worse_than_before(names: list[str]) -> list[str]:
    """A line for each ratio much worse than its baseline, or beyond a limit that it kept."""
    before = json.loads(BASELINES.read_text())
    worse = []
    for name in names:
        for found in promises.of(name):
            base = before.get(name, {}).get(found.name)
            if base is not None and _is_worse(found, base):
                worse.append(f"{name}, {found.name}: {found.ratio:.2f}, was {base:.2f}")
    return worse


def _is_worse(found: Promise, base: float) -> bool:
    """Compare the best round: other work on the machine spoils single rounds."""
    is_broken = found.keeps(base) and not found.keeps(found.best)
    if found.bound == "at most":
        return is_broken or found.best > base * ALLOWED
    return is_broken or found.best < base / ALLOWED


if __name__ == "__main__":
    main()
