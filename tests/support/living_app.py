"""A growing app: day after day people sign up, tracks appear, sessions are listened to."""

import random
from datetime import datetime, timedelta
from typing import Any

from tests.support.original_api import Records, catalogue

LAUNCH = datetime(2026, 1, 5)
NEW_A_DAY = 20
# Far from the ids of any other app that a data folder may have met before.
FIRST_ID = 1_000_000_000
SESSIONS_A_DAY = 200


def clock(day: int) -> datetime:
    """The evening of a day, when its run takes place; days count from 0."""
    return LAUNCH + timedelta(days=day, hours=21)


def records_after(days: int) -> Records:
    """All that the app knows on the evening of the last of so many days."""
    records: Records = {"tracks": [], "users": [], "listen_history": []}
    for day in range(days):
        for table, new in _day(day, records).items():
            records[table] += new
    return records


def newest(records: Records, table: str, day: int) -> list[dict[str, Any]]:
    """The records of a table that came to be on a day, to be changed in place."""
    date = f"{clock(day):%Y-%m-%d}"
    found = [record for record in records[table] if record["created_at"].startswith(date)]
    assert found
    return found


def _day(day: int, so_far: Records) -> Records:
    # The first day brings a catalogue; every later one some of what is new.
    drawn = catalogue(day, tracks=NEW_A_DAY, users=NEW_A_DAY, sessions=SESSIONS_A_DAY)
    draw = random.Random(day)
    for table in ("tracks", "users"):
        for number, record in enumerate(drawn[table], start=1):
            record["id"] = FIRST_ID + 1000 * day + number
    drawn["users"] = [user | {"email": f"u{user['id']}@example.com"} for user in drawn["users"]]
    users = [user["id"] for user in so_far["users"] + drawn["users"]]
    tracks = [track["id"] for track in so_far["tracks"] + drawn["tracks"]]
    for session in drawn["listen_history"]:
        session["user_id"] = draw.choice(users)
        session["items"] = draw.choices(tracks, k=draw.randint(1, 9))
    for records in drawn.values():
        _date(records, day, draw)
    return drawn


def _date(records: list[dict[str, Any]], day: int, draw: random.Random) -> None:
    seconds = draw.sample(range(20 * 3600), len(records))
    for record, second in zip(records, seconds, strict=True):
        created = LAUNCH + timedelta(days=day, seconds=second)
        record["created_at"] = created.isoformat()
        record["updated_at"] = (created + timedelta(seconds=30)).isoformat()
