"""A day of ours against the same day by what a user would build instead, on the same API.

Ours is `moovitamix run` with everything on. The peer is `bench/days/peer`: dlt's stock REST source,
then `dbt source freshness` and `dbt build` of three tables with tests of nulls and volume. With
`--millions` both have a day of 50,000 listens too, ours without recommendations, as the peer.

    python -m bench.days.day  # the default app: a first day, and one of few records
    python -m bench.days.day --millions 1 10  # and 50,000 listens onto 1 and 10 million
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from bench.days.apis import make_world
from bench.measure import Cost, Rounds, module, pairwise, process, serving, table
from bench.promises import of_walls, report

PROJECT = Path(__file__).with_name("peer") / "dbt"
FEW_MINUTES, NEW_SESSIONS, LISTENS_A_SESSION = timedelta(minutes=3), 10_000, 5
SMALL_LIMIT, LARGE_LIMIT = 1.3, 1.2
Day = Callable[[], Cost]


def main() -> None:
    """Measure, show the medians, and report what holds."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--millions", type=int, nargs="*", default=[])
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--dir", help="where the data folders may grow")
    given = asked.parse_args()
    promises = []
    with TemporaryDirectory(dir=given.dir) as home:
        first, few = _default_app(Path(home, "default"), given.rounds)
        promises += [
            of_walls("a first day", first, ("ours", "peer"), None),
            of_walls("a day of few records", few, ("ours", "peer"), SMALL_LIMIT),
        ]
        for millions in given.millions:
            name = f"50,000 listens onto {millions} M"
            measured = _large_app(Path(home, str(millions)), millions, given.rounds)
            limit = LARGE_LIMIT if millions == 10 else None
            promises.append(of_walls(name, measured, ("ours", "peer"), limit))
    report("day", *promises)


def _default_app(home: Path, rounds: int) -> tuple[Rounds, Rounds]:
    """Run a first day and the day after it on the generated app, whose clock is now."""
    begin = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - FEW_MINUTES
    with _app(home / "app", begin) as url:
        first = pairwise(_contenders(home, url, None), rounds)
        _show("a first day of the default app", first)
        kept = {name: _kept(home, name, day) for name, day in _days(home, url).items()}
    with _app(home / "app", begin + FEW_MINUTES) as url:
        few = pairwise(_contenders(home, url, kept), rounds)
    _show("a day of few records", few)
    return first, few


def _large_app(home: Path, millions: int, rounds: int) -> Rounds:
    """Run a day of 50,000 listens onto a history of as many millions."""
    os.environ |= {"MOOVITAMIX_RECOMMENDATIONS": "false"}
    os.environ |= {"MOOVITAMIX_QUIET_HOURS": "0", "PEER_QUIET_HOURS": "99999"}
    world = home / "world"
    make_world(world, millions * 1_000_000 // LISTENS_A_SESSION + NEW_SESSIONS)
    cut, end = _cut(world / "listen_history.parquet")
    with _app(home / "app", cut, world) as url:
        kept = {name: _kept(home, name, day) for name, day in _days(home, url).items()}
    with _app(home / "app", end, world) as url:
        measured = pairwise(_contenders(home, url, kept), rounds)
    _show(f"50,000 listens onto {millions} million, no recommendations", measured)
    return measured


def _cut(sessions: Path) -> tuple[datetime, datetime]:
    """Return the instant that so many sessions come after, and one after all."""
    ((cut, end),) = duckdb.sql(
        f"select nth_value(updated_at, {NEW_SESSIONS}) over (order by updated_at desc"
        " rows between unbounded preceding and unbounded following),"
        f" max(updated_at) over () from '{sessions}' limit 1"
    ).fetchall()
    return cut, end + timedelta(minutes=1)


@contextmanager
def _app(folder: Path, clock: datetime, world: Path | None = None) -> Iterator[str]:
    given = ("--world", world) if world else ()
    where = ("--data-dir", folder, "--port", 0, "--as-of", clock.isoformat(), "--parent-pipe")
    with serving(module("api.source", *where, *given)) as (_, line):
        yield line.split()[3].rstrip(",")


def _contenders(home: Path, url: str, kept: dict[str, Path] | None) -> dict[str, Day]:
    def run(name: str) -> Cost:
        shutil.rmtree(home / name, ignore_errors=True)
        if kept:
            shutil.copytree(kept[name], home / name, symlinks=True)
        return _days(home, url)[name]()

    return {name: partial(run, name) for name in _days(home, url)}


def _days(home: Path, url: str) -> dict[str, Day]:
    return {"ours": partial(_ours, home / "ours", url), "peer": partial(_peer, home / "peer", url)}


def _kept(home: Path, name: str, day: Day) -> Path:
    """Return a data folder after a first day, to begin each measured day with."""
    shutil.rmtree(home / name, ignore_errors=True)
    day()
    return Path(shutil.move(home / name, home / f"{name} before"))


def _ours(folder: Path, url: str) -> Cost:
    os.environ |= {"MOOVITAMIX_DATA_DIR": str(folder), "MOOVITAMIX_API_URL": url}
    return process(module("orchestration.cli.main", "run"))


def _peer(folder: Path, url: str) -> Cost:
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["PEER_DIR"] = str(folder)
    dbt = [str(Path(sys.executable).with_name("dbt")), "--quiet"]
    where = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    where += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    costs = [
        process(module("bench.days.peer.pipeline", url, folder)),
        process([*dbt, "source", "freshness", *where]),
        process([*dbt, "build", *where]),
    ]
    return Cost(
        sum(cost.wall for cost in costs),
        sum(cost.cpu for cost in costs),
        max(cost.peak_mb for cost in costs),
    )


def _show(title: str, measured: Rounds) -> None:
    rows = [
        (name, f"{cost.wall:.1f}", f"{cost.cpu:.1f}", f"{cost.peak_mb:,.0f}")
        for name, cost in measured.medians.items()
    ]
    table(f"day: {title}, medians, whole processes", ["", "wall s", "CPU s", "peak MB"], rows)


if __name__ == "__main__":
    main()
