"""A day of 50,000 new listens onto 1 M, 10 M and 50 M: what `dbt build` and its tests cost.

The lake holds the history as 30 daily loads of sessions of 10 listens; a hundredth as many users
and a five-hundredth as many tracks. Each round takes every size in turn, from its sealed build.
"""

import argparse
import os
import shutil
import sys
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from bench.measure import Cost, module, pairwise, process, table
from bench.promises import Promise, tell
from ingestion import ops

ROOT = Path(__file__).parents[1]
FIRST_DAY = datetime(2026, 1, 1)
DAYS = 30
PER_SESSION = 10
NEW_LISTENS = 50_000
USERS, TRACKS = 10_000, 2_000  # for each million listens
LIMIT = 1.5

# Deterministic noise: the same lake on every machine.
SESSIONS = """
    select
        (hash(session, 1) % {users})::bigint as user_id,
        list_transform(
            range({per_session}), position -> (hash(session, position) % {tracks})::bigint
        ) as items,
        timestamp '{day}' + interval (session - {first}) microsecond * {step} as created_at,
        created_at + interval 40 minute as updated_at,
        '{load_id}' as _dlt_load_id
    from range({first}, {last}) as sessions (session)
"""
ALL_TRACKS = """
    select
        id, 'Track ' || id as name, 'Artist ' || id % 3000 as artist, null::varchar as songwriters,
        '03:30' as duration, 'Rock' as genres, 'Album' as album,
        timestamp '2025-01-01' as created_at, created_at as updated_at, '{load_id}' as _dlt_load_id
    from range({tracks}) as tracks (id)
"""
ALL_USERS = """
    select
        id, 'Ada' as first_name, 'Number ' || id as last_name, id || '@example.com' as email,
        'Female' as gender, 'Rock' as favorite_genres, timestamp '2025-01-01' as created_at,
        created_at as updated_at, '{load_id}' as _dlt_load_id
    from range({users}) as users (id)
"""


def main() -> None:
    """Make the lakes, build them, then measure one more day on each."""
    asked = _arguments()
    with TemporaryDirectory(dir=asked.dir) as home:
        sizes = {f"{millions} M": Path(home) / str(millions) for millions in asked.millions}
        first = {
            name: _build_history(data_dir, int(name.split()[0]) * 1_000_000)
            for name, data_dir in sizes.items()
        }
        for data_dir in sizes.values():
            land(data_dir, DAYS, NEW_LISTENS // PER_SESSION, data_dir.name)
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


def _build_history(data_dir: Path, listens: int) -> Cost:
    for day in range(DAYS):
        land(data_dir, day, listens // DAYS // PER_SESSION, data_dir.name)
    cost = process(_dbt(data_dir))
    with duckdb.connect(data_dir / "build.duckdb") as built:
        built.execute("update ledger.loads set is_published = true")
    shutil.copy(data_dir / "build.duckdb", data_dir / "sealed.duckdb")
    return cost


def land(data_dir: Path, day: int, sessions: int, millions: str) -> None:
    """Write the load of one day, and its verdict."""
    as_of = FIRST_DAY + timedelta(days=day + 1)
    fields = {
        "users": int(millions) * USERS,
        "tracks": int(millions) * TRACKS,
        "per_session": PER_SESSION,
        "day": FIRST_DAY + timedelta(days=day),
        "first": day * sessions if day < DAYS else 10**9,
        "last": (day + 1) * sessions if day < DAYS else 10**9 + sessions,
        "step": 80_000_000_000 // sessions,
        "load_id": f"{1_700_000_000 + day}.5",
    }
    queries = {"listen_history": SESSIONS} | (
        {"tracks": ALL_TRACKS, "users": ALL_USERS} if not day else {}
    )
    for name, query in queries.items():
        folder = data_dir / "lake" / "raw" / name / f"load_date={as_of:%Y-%m-%d}"
        folder.mkdir(parents=True)
        file = folder / f"{fields['load_id']}.0a1b2c.parquet"
        duckdb.sql(f"copy ({query.format(**fields)}) to '{file}' (compression zstd)")
    verdict = {
        "load_id": fields["load_id"],
        "verdict": "accepted",
        "kind": "incremental",
        "as_of": as_of,
        "updated_until": as_of,
        "decided_at": as_of,
    }
    ops.append(str(data_dir / "lake"), "load_verdicts", [verdict], as_of.date())
    if day == DAYS:  # far fewer than the days before: that is the bench's doing, not a fault
        odd = {
            "day_accepted": str(as_of.date() - timedelta(days=1)),
            "reason": "bench",
            "decided_at": as_of,
        }
        ops.append(str(data_dir / "lake"), "accepted_days", [odd], as_of.date())


def _a_day(data_dir: Path) -> Cost:
    shutil.copy(data_dir / "sealed.duckdb", data_dir / "build.duckdb")
    return process(_dbt(data_dir))


def _dbt(data_dir: Path) -> list[str]:
    os.environ["MOOVITAMIX_DATA_DIR"] = str(data_dir)
    paths = ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT)]
    dbt = str(Path(sys.executable).with_name("dbt"))
    return [dbt, "--quiet", "build", "--exclude-resource-type", "unit_test", *paths]


def _publish(data_dir: Path) -> Cost:
    os.environ["MOOVITAMIX_DATA_DIR"] = str(data_dir)
    return process(module("orchestration.cli", "publish"))


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
