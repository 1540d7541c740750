"""The ten analyses answer what plain Python answers, with the columns that are described."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.support.emptied import emptied
from tests.support.lake import Record, feedback, session
from tests.support.warehouse import OURS, Warehouse

FIRST = datetime(2026, 1, 1)
DAYS, USERS, TRACKS = 80, 30, 40
GENRES = ("Rock", "Folk", None)
Rows = list[tuple[Any, ...]]
Listen = tuple[int, int, datetime]
DESCRIBED = {
    one["name"]: one
    for one in yaml.safe_load((OURS / "analyses" / "analyses.yml").read_text())["analyses"]
}


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


class World:
    """Users of different zeal, some of whom stop; tracks that come in the course of the time."""

    def __init__(self, seed: int = 3) -> None:
        dice = random.Random(seed)
        self.tracks: list[Record] = [
            {
                "id": number,
                "name": f"Song {number}",
                "artist": None if number == 9 else f"Band {number % 7}",
                "genres": GENRES[number % 3],
                "created_at": FIRST + timedelta(days=number * 2, hours=3),
                "updated_at": FIRST,
            }
            for number in range(1, TRACKS + 1)
        ]
        self.users: list[Record] = [
            {
                "id": number,
                "favorite_genres": None if number % 5 == 0 else GENRES[number % 2],
                "created_at": FIRST,
                "updated_at": FIRST,
            }
            for number in range(1, USERS + 1)
        ]
        self.sessions: list[Record] = []
        for user in range(1, USERS + 1):
            last = 45 if user % 6 == 0 else DAYS
            for day in range(user % 20, last, dice.choice([1, 2, 5, 11])):
                at = (FIRST + timedelta(days=day, hours=dice.randrange(24))).isoformat()
                items = [dice.randrange(1, TRACKS + 1) for _ in range(dice.randrange(1, 5))]
                self.sessions.append(session(user, at, items, at))
        kinds = ("like", "unlike", "hide", "unhide", "play", "skip")
        self.feedback = [
            feedback(n, f"key {n}", dice.choice(kinds), dice.randrange(1, 5), dice.randrange(1, 9))
            for n in range(1, 120)
        ]
        self.feedback[70] = feedback(71, "clear", "clear", 2)
        self.listens: list[Listen] = [
            (one["user_id"], item, one["created_at"])
            for one in self.sessions
            for item in one["items"]
        ]
        self.last_day = max(at.date() for *_, at in self.listens)

    def rows(self) -> dict[str, Rows]:
        """The rows of each mart."""
        tracks = ("id", "name", "artist", "genres", "created_at")
        events = ("event_id", "kind", "user_id", "track_id", "happened_at")
        return {
            "dim_tracks": [tuple(one[name] for name in tracks) for one in self.tracks],
            "dim_users": [(one["id"], one["favorite_genres"]) for one in self.users],
            "fact_listen_history": list(self.listens),
            "fact_feedback": [tuple(one[name] for name in events) for one in self.feedback],
        }

    def artist(self, track: int) -> str | None:
        artist: str | None = self.tracks[track - 1]["artist"]
        return artist

    def days_ago(self, at: datetime) -> int:
        return (self.last_day - at.date()).days


WORLD = World()


def risers() -> Rows:
    now: Counter[str] = Counter()
    before: Counter[str] = Counter()
    for _, track, at in WORLD.listens:
        if (artist := WORLD.artist(track)) is not None and WORLD.days_ago(at) <= 55:
            (now if WORLD.days_ago(at) <= 27 else before)[artist] += 1
    rows = [(one, now[one], before[one], now[one] - before[one]) for one in now]
    return sorted((row for row in rows if row[3] > 0), key=lambda row: (-row[3], row[0]))[:20]


def weekly_audience() -> Rows:
    weeks: dict[date, list[int]] = defaultdict(list)
    for user, _, at in WORLD.listens:
        weeks[monday(at.date())].append(user)
    return [
        (week, len(set(them)), len(them), len(them) / len(set(them)))
        for week, them in sorted(weeks.items())
    ]


def cohort_retention() -> Rows:
    first: dict[int, date] = {}
    for user, _, at in sorted(WORLD.listens, key=lambda one: one[2]):
        first.setdefault(user, at.date())
    size = Counter(monday(day) for day in first.values())
    seen = {(user, (at.date() - first[user]).days // 7) for user, _, at in WORLD.listens}
    came = Counter((monday(first[user]), later) for user, later in seen)
    return [
        (week, later, size[week], number, number / size[week])
        for (week, later), number in sorted(came.items())
    ]


def sessions() -> Counter[tuple[int, datetime]]:
    return Counter((user, at) for user, _, at in WORLD.listens)


def busy_hours() -> Rows:
    hours = Counter((at.isoweekday(), at.hour) for _, at in sessions())
    return [(*hour, number) for hour, number in sorted(hours.items())]


def session_lengths() -> Rows:
    lengths = Counter(sessions().values())
    whole = sum(lengths.values())
    return [
        (length, number, sum(lengths[one] for one in lengths if one <= length) / whole)
        for length, number in sorted(lengths.items())
    ]


def concentration() -> Rows:
    plays = sorted(Counter(track for _, track, _ in WORLD.listens).values(), reverse=True)
    tops = [(percent, ceil(len(plays) * percent / 100)) for percent in (1, 10, 50)]
    return [(p, n, sum(plays[:n]), sum(plays[:n]) / sum(plays)) for p, n in tops]


def new_tracks() -> Rows:
    rows = []
    for one in WORLD.tracks:
        if 0 <= WORLD.days_ago(one["created_at"]) <= 29:
            until = one["created_at"] + timedelta(days=7)
            heard = [
                user
                for user, track, at in WORLD.listens
                if track == one["id"] and one["created_at"] <= at < until
            ]
            rows.append((one["id"], one["name"], one["artist"], len(heard), len(set(heard))))
    return sorted(rows, key=lambda row: (-row[4], -row[3], row[0]))


def favourite_genres() -> Rows:
    listens: Counter[str] = Counter()
    fans: Counter[str] = Counter()
    for user, track, _ in WORLD.listens:
        genre = WORLD.tracks[track - 1]["genres"]
        favourite = WORLD.users[user - 1]["favorite_genres"]
        if genre is not None and favourite is not None:
            listens[genre] += 1
            fans[genre] += genre == favourite
    rows = [(genre, n, fans[genre], fans[genre] / n) for genre, n in listens.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def lapsed_users() -> Rows:
    days: dict[int, set[date]] = defaultdict(set)
    for user, _, at in WORLD.listens:
        days[user].add(at.date())
    rows = []
    for user, them in days.items():
        ago = [(WORLD.last_day - day).days for day in them]
        before = sum(28 <= one <= 55 for one in ago)
        if before >= 5 and min(ago) > 27:
            rows.append((user, before, max(them)))
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def liked_and_hidden() -> Rows:
    opinion: dict[tuple[int, int], str] = {}
    for one in WORLD.feedback:
        if one["kind"] == "clear":
            opinion = {pair: kind for pair, kind in opinion.items() if pair[0] != one["user_id"]}
        elif one["kind"] not in {"play", "skip"}:
            opinion[one["user_id"], one["track_id"]] = one["kind"]
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for (_, track), kind in opinion.items():
        if kind in {"like", "hide"} and (artist := WORLD.artist(track)) is not None:
            found[artist][kind] += 1
    rows = [(artist, kinds["like"], kinds["hide"]) for artist, kinds in found.items()]
    return sorted(rows, key=lambda row: (-row[1], row[2], row[0]))


PLAIN: dict[str, Callable[[], Rows]] = {
    one.__name__: one
    for one in (
        *(risers, weekly_audience, cohort_retention, busy_hours, session_lengths),
        *(concentration, new_tracks, favourite_genres, lapsed_users, liked_and_hidden),
    )
}


# The columns of the marts that analyses read.
TABLES = {
    "dim_tracks": "track_id integer, name varchar, artist varchar, genres varchar,"
    " created_at timestamp",
    "dim_users": "user_id integer, favorite_genres varchar",
    "fact_listen_history": "user_id integer, track_id integer, listened_at timestamp",
    "fact_feedback": "event_id bigint, kind varchar, user_id integer, track_id integer,"
    " happened_at timestamp",
}


@pytest.fixture(scope="module")
def compiled(data_home: Path) -> Path:
    """Marts of that world, and the analyses as dbt compiles them; returns their folder."""
    emptied(data_home)
    with duckdb.connect(data_home / "build.duckdb") as built:
        for name, columns in TABLES.items():
            rows = WORLD.rows()[name]
            built.execute(f"create table {name} ({columns})")
            built.executemany(f"insert into {name} values ({', '.join('?' * len(rows[0]))})", rows)
    Warehouse(data_home).dbt("compile", "--select", "path:analyses")
    (folder,) = data_home.glob("dbt/**/compiled/moovitamix/analyses")
    return folder


def answer(compiled: Path, name: str) -> duckdb.DuckDBPyRelation:
    (file,) = (one for one in compiled.parents if (one / "build.duckdb").exists())
    built = duckdb.connect(file / "build.duckdb", read_only=True)
    return built.sql((compiled / f"{name}.sql").read_text())


@pytest.mark.parametrize("name", PLAIN)
def test_an_analysis_answers_what_plain_python_answers(name: str, compiled: Path) -> None:
    expected = PLAIN[name]()
    assert expected
    found = answer(compiled, name).fetchall()
    assert [tuple(map(rounded, row)) for row in found] == [
        tuple(map(rounded, row)) for row in expected
    ]


def rounded(value: Any) -> Any:
    return round(value, 9) if isinstance(value, float) else value


@pytest.mark.parametrize("name", PLAIN)
def test_an_analysis_has_the_columns_that_are_described(name: str, compiled: Path) -> None:
    found = answer(compiled, name)
    types = zip(found.columns, (str(one).lower() for one in found.types), strict=True)
    described = DESCRIBED[name]["columns"]
    assert list(types) == [(one["name"], one["data_type"]) for one in described]
    assert all(one["description"] for one in [DESCRIBED[name], *described])


def test_every_analysis_is_described_and_tested() -> None:
    files = {file.stem for file in (OURS / "analyses").glob("*.sql")}
    assert files == set(DESCRIBED) == set(PLAIN)
    assert len(files) == 10
