"""A synthetic lake with a long history, for benches of builds.

Sessions of 10 listens came in loads of the same size; there are a hundredth as many users and a
five-hundredth as many tracks.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from lake import log

FIRST_DAY = datetime(2026, 1, 1)
PER_SESSION = 10
NEW_LISTENS = 50_000
USERS, TRACKS = 10_000, 2_000  # for each million listens

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


@dataclass(frozen=True, slots=True)
class History:
    """So many listens, which came in so many loads of so many hours."""

    millions: int
    loads: int = 30
    hours: int = 24

    @property
    def sessions(self) -> int:
        """Of each load."""
        return self.millions * 1_000_000 // self.loads // PER_SESSION


def land_all(data_dir: Path, history: History) -> None:
    """Write all loads before the one that is measured."""
    for number in range(history.loads):
        land(data_dir, history, number)


def land(data_dir: Path, history: History, number: int, *, late: int = 0) -> None:
    """Write a load and its validation result; after the history, loads of a new day's listens.

    A load's sessions began up to `late` days before its own hours.
    """
    is_new = number >= history.loads
    sessions = NEW_LISTENS // PER_SESSION if is_new else history.sessions
    first = number * history.sessions + (10**9 if is_new else 0)
    as_of = FIRST_DAY + timedelta(hours=(number + 1) * history.hours)
    fields = {
        "users": history.millions * USERS,
        "tracks": history.millions * TRACKS,
        "per_session": PER_SESSION,
        "day": as_of - timedelta(hours=history.hours, days=late),
        "first": first,
        "last": first + sessions,
        "step": (history.hours + 24 * late) * 3_333_333_333 // sessions,
        "load_id": f"{1_700_000_000 + number}.5",
    }
    catalogue = {} if number else {"tracks": ALL_TRACKS, "users": ALL_USERS}
    for name, query in ({"listen_history": SESSIONS} | catalogue).items():
        folder = data_dir / "lake" / "raw" / name / f"load_date={as_of:%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{fields['load_id']}.0a1b2c.parquet"
        duckdb.sql(f"copy ({query.format(**fields)}) to '{file}' (compression zstd)")
    row = {
        "load_id": fields["load_id"],
        "verdict": "accepted",
        "kind": "incremental",
        "as_of": as_of,
        "updated_until": as_of,
        "decided_at": as_of,
    }
    log.append(str(data_dir / "lake"), "load_verdicts", [row], as_of.date())
    if is_new:  # far fewer than the days before: that is the bench's doing, not a fault
        odd = {
            "day_accepted": str(as_of.date() - timedelta(days=1)),
            "reason": "bench",
            "decided_at": as_of,
        }
        log.append(str(data_dir / "lake"), "accepted_days", [odd], as_of.date())


def as_published(data_dir: Path) -> None:
    """Mark the build as published, since a day tests only rows that no publication holds."""
    with duckdb.connect(data_dir / "build.duckdb") as built:
        built.execute("update ledger.loads set is_published = true")


def keep_validated(data_dir: Path) -> None:
    """Keep the build, as if it had been published, for rounds to start from."""
    as_published(data_dir)
    shutil.copy(data_dir / "build.duckdb", data_dir / "validated.duckdb")


def restore_validated(data_dir: Path) -> None:
    """Start a round from what was kept."""
    shutil.copy(data_dir / "validated.duckdb", data_dir / "build.duckdb")
