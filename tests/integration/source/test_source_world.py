"""The generated world: the same for the same parameters, alive, and like real listening."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.source.generated import GeneratedWorld
from api.source.http.paging import PageQuery, answer
from api.source.world import Taste, listen_probability
from api.source.world.parameters import Parameters, microseconds
from tests.support.source_server import begin_source

if TYPE_CHECKING:
    from pathlib import Path

    from api.source.view import View

SMALL = Parameters(seed=3, users=60, tracks=120, days=30, launched_on=date(2026, 8, 1))
CLOCK = datetime(2026, 10, 20, 19, 30)
DEFAULT = Parameters(seed=7, users=2000, tracks=5000, days=120, launched_on=date(2026, 7, 1))
DEFAULT_CLOCK = datetime(2026, 11, 22, 21)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> GeneratedWorld:
    world = GeneratedWorld(tmp_path_factory.mktemp("small"), SMALL)
    world.at(CLOCK)
    return world


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a world of the default size."""
    folder = tmp_path_factory.mktemp("default")
    GeneratedWorld(folder, DEFAULT).at(DEFAULT_CLOCK)
    return folder


def records(view: View) -> list[dict[str, Any]]:
    everything: list[dict[str, Any]] = json.loads(b"[%b]" % view.read(0, len(view)))
    return everything


def everything_at(world: GeneratedWorld, clock: datetime) -> dict[str, list[dict[str, Any]]]:
    return {table: records(view) for table, view in world.at(clock).items()}


def digests(folder: Path) -> dict[str, str]:
    """What every file of a folder holds."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".making.lock"
    }


# --- the same for the same parameters ------------------------------------------------------------


def test_a_world_made_at_once_equals_one_that_lived(small: GeneratedWorld, tmp_path: Path) -> None:
    grown = GeneratedWorld(tmp_path, SMALL)
    for days in range(0, 81, 9):
        grown.at(SMALL.launch + timedelta(days=days, hours=5))

    assert everything_at(grown, CLOCK) == everything_at(small, CLOCK)


def test_another_process_finds_the_same_world(tmp_path: Path) -> None:
    first, second = (GeneratedWorld(tmp_path / name, SMALL) for name in ("first", "second"))
    shown = everything_at(first, CLOCK)

    assert everything_at(second, CLOCK) == shown
    assert everything_at(GeneratedWorld(tmp_path / "first", SMALL), CLOCK) == shown
    assert digests(tmp_path / "first") == digests(tmp_path / "second")


def test_another_seed_gives_another_world(small: GeneratedWorld, tmp_path: Path) -> None:
    other = Parameters(seed=4, users=60, tracks=120, days=30, launched_on=date(2026, 8, 1))

    ours, theirs = (
        everything_at(small, CLOCK),
        everything_at(GeneratedWorld(tmp_path, other), CLOCK),
    )

    assert all(ours[table] != theirs[table] for table in ours)


@pytest.mark.parametrize("last_file", ["blocks/tracks-0001.parquet", "served/users-0000"])
def test_a_making_that_was_killed_is_taken_up_as_if_it_had_not_been(
    tmp_path: Path, last_file: str
) -> None:
    options = ("--seed=3", "--users=60", "--tracks=120", "--days=30", "--launched-on=2026-08-01")
    killed = begin_source(tmp_path, *options, f"--as-of={CLOCK.isoformat()}")
    while not (tmp_path / "source" / last_file).exists():
        with pytest.raises(subprocess.TimeoutExpired):
            killed.wait(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    GeneratedWorld(tmp_path / "source", SMALL).at(CLOCK)
    GeneratedWorld(tmp_path / "undisturbed", SMALL).at(CLOCK)

    left = digests(tmp_path / "source")
    del left["world.json"]
    assert left == digests(tmp_path / "undisturbed")


# --- alive ---------------------------------------------------------------------------------------


def test_a_session_grows_with_the_clock(small: GeneratedWorld) -> None:
    seconds = {track["id"]: _seconds(track) for track in records(small.at(CLOCK)["tracks"])}
    final = max(records(small.at(CLOCK)["listen_history"]), key=lambda one: len(one["items"]))
    begin = datetime.fromisoformat(final["created_at"])
    begins = [begin]
    for track in final["items"][:-1]:
        begins.append(begins[-1] + timedelta(seconds=seconds[track]))

    assert datetime.fromisoformat(final["updated_at"]) == begins[-1]
    assert _session(small, begin - timedelta(microseconds=1), final) is None
    for shown, at in list(enumerate(begins, 1))[:: len(begins) // 4]:
        expected = final | {"items": final["items"][:shown], "updated_at": _written(at)}
        still_playing = at + timedelta(seconds=seconds[final["items"][shown - 1]] - 1)
        assert _session(small, at, final) == expected
        assert _session(small, still_playing, final) == expected


def _seconds(track: dict[str, Any]) -> int:
    minutes, seconds = track["duration"].split(":")
    return 60 * int(minutes) + int(seconds)


def _written(instant: datetime) -> str:
    return instant.isoformat(timespec="microseconds")


def _session(world: GeneratedWorld, clock: datetime, final: dict[str, Any]) -> Any:
    shown = records(world.at(clock)["listen_history"])
    keys = ("user_id", "created_at")
    return next((one for one in shown if all(one[key] == final[key] for key in keys)), None)


def test_people_sign_up_tracks_come_out_and_profiles_are_edited(default: Path) -> None:
    world = GeneratedWorld(default, DEFAULT)
    before = everything_at(world, DEFAULT_CLOCK - timedelta(days=20))
    after = everything_at(world, DEFAULT_CLOCK)

    for table in ("users", "tracks"):
        was = {record["id"]: record for record in before[table]}
        now = {record["id"]: record for record in after[table]}
        edited = [identity for identity in was if was[identity] != now[identity]]
        assert set(was) < set(now)
        assert edited
        for identity in edited:
            assert was[identity]["created_at"] == now[identity]["created_at"]
            assert was[identity]["updated_at"] < now[identity]["updated_at"]


def test_nothing_of_the_future_is_shown(small: GeneratedWorld) -> None:
    for days in (-70, -30, 0, 15, 29, 31, 60, 80):
        clock = SMALL.launch + timedelta(days=days, hours=11)
        for shown in everything_at(small, clock).values():
            assert all(record["created_at"] <= _written(clock) for record in shown)
            assert all(record["updated_at"] <= _written(clock) for record in shown)


def test_a_window_brings_exactly_what_changed(small: GeneratedWorld) -> None:
    """Pulling what was updated since, again and again, keeps a copy that equals the source."""
    steps = [SMALL.launch + timedelta(days=20, hours=7 * step) for step in range(0, 60, 4)]
    copy: dict[tuple[Any, ...], dict[str, Any]] = {}
    since = datetime(2000, 1, 1)
    for clock in steps:
        view = small.at(clock)["listen_history"]
        changed = json.loads(answer(view, PageQuery(1, 10_000, since, None)))["items"]
        copy |= {(one["user_id"], one["created_at"]): one for one in changed}
        since = clock + timedelta(microseconds=1)

        shown = records(view)
        assert shown
        assert copy == {(one["user_id"], one["created_at"]): one for one in shown}


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["tracks", "users", "listen_history"]),
    st.integers(1, 500),
    st.integers(0, 80 * 24 * 60),
)
def test_pages_of_any_size_hold_each_record_once_in_order(
    small: GeneratedWorld, table: str, size: int, minutes: int
) -> None:
    view = small.at(SMALL.launch + timedelta(minutes=minutes))[table]
    received, pages, page = [], 1, 0
    while page < pages:
        page += 1
        answered = json.loads(answer(view, PageQuery(page, size, None, None)))
        pages = answered["pages"]
        received += answered["items"]

    identity = "user_id" if table == "listen_history" else "id"
    keys = [(record["updated_at"], record[identity], record["created_at"]) for record in received]
    assert len(received) == answered["total"] == len(view)
    assert keys == sorted(set(keys))


# --- like real listening -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plays(default: Path) -> duckdb.DuckDBPyConnection:
    """Tables of a whole default world up to its clock: sessions, listens, pairs."""
    connection = duckdb.connect()
    connection.execute(f"""
        create table sessions as
        from read_parquet('{default}/blocks/listen_history-*.parquet')
        where created_at <= '{DEFAULT_CLOCK}'
    """)
    connection.execute("""
        create table listens as
        select user_id, created_at, unnest(items) as track_id, unnest(fresh) as fresh from sessions
    """)
    connection.execute("""
        create table pairs as
        select user_id, track_id, count(*) as plays from listens group by all
    """)
    return connection


def one(connection: duckdb.DuckDBPyConnection, expression: str, table: str) -> float:
    return float(connection.sql(f"select {expression} from {table}").fetchall()[0][0])


def test_the_default_world_has_the_asked_size(plays: duckdb.DuckDBPyConnection) -> None:
    assert 250_000 < one(plays, "count(*)", "listens") < 400_000


def test_repeats_are_as_frequent_as_in_real_logs(plays: duckdb.DuckDBPyConnection) -> None:
    assert 0.65 < one(plays, "avg((plays = 1)::int)", "pairs") < 0.8
    assert 1.3 < one(plays, "avg(plays)", "pairs") < 1.8
    assert 0.25 < one(plays, "1 - count(*) / sum(plays)", "pairs") < 0.45


def test_plays_are_as_uneven_over_tracks_as_in_real_logs(
    plays: duckdb.DuckDBPyConnection, default: Path
) -> None:
    released = one(plays, "count(*)", f"read_parquet('{default}/model/tracks-*.parquet')")
    counts = plays.sql("select count(*) as plays from listens group by track_id").fetchnumpy()
    ordered = np.zeros(int(released))
    ordered[: len(counts["plays"])] = counts["plays"]
    ordered.sort()
    lorenz = np.cumsum(ordered) / ordered.sum()

    assert 0.5 < 1 - 2 * np.trapezoid(lorenz, dx=1 / len(lorenz)) < 0.75


def test_activity_is_lognormal(plays: duckdb.DuckDBPyConnection, default: Path) -> None:
    model = f"read_parquet('{default}/model/users-*.parquet')"
    listened = "(select count(*) as listens from listens group by user_id)"

    assert one(plays, "stddev(ln(activity))", model) == pytest.approx(1.5, abs=0.1)
    # among those who listened at all: the least active are not seen
    assert one(plays, "stddev(ln(listens))", listened) == pytest.approx(1.4, abs=0.15)


def test_a_session_has_some_sixteen_items(plays: duckdb.DuckDBPyConnection) -> None:
    assert one(plays, "median(len(items))", "sessions") == pytest.approx(16, abs=1)


def test_sessions_of_a_user_follow_each_other(plays: duckdb.DuckDBPyConnection) -> None:
    overlaps = """
        select 1 from sessions
        qualify lead(created_at) over (partition by user_id order by created_at) <= updated_at
    """
    assert not plays.sql(overlaps).fetchall()


def test_evenings_are_busier_than_nights_and_fridays_than_tuesdays(
    plays: duckdb.DuckDBPyConnection,
) -> None:
    def starts(when: str) -> float:
        return one(plays, f"count(*) filter ({when})", "sessions")

    assert starts("hour(created_at) = 20") > 5 * starts("hour(created_at) = 3")
    assert starts("dayofweek(created_at) = 5") > starts("dayofweek(created_at) = 2")


def test_nobody_plays_before_signing_up_nor_a_track_before_its_release(
    plays: duckdb.DuckDBPyConnection, default: Path
) -> None:
    early = f"""
        select 1
        from listens
        inner join read_parquet('{default}/model/users-*.parquet') as users
            on users.id = listens.user_id
        inner join read_parquet('{default}/model/tracks-*.parquet') as tracks
            on tracks.id = listens.track_id
        where listens.created_at < greatest(users.created_at, tracks.released_at)
    """
    assert not plays.sql(early).fetchall()


def test_addresses_are_unique(default: Path) -> None:
    users = records(GeneratedWorld(default, DEFAULT).at(DEFAULT_CLOCK)["users"])

    assert len({user["email"] for user in users}) == len(users) > 2000


def test_first_draws_have_the_frequencies_of_the_exported_model(
    plays: duckdb.DuckDBPyConnection, default: Path
) -> None:
    """What was drawn, not repeated, against P(track | user) summed over the draws."""
    taste = Taste.read(default)
    drawn = plays.sql("""
        select user_id, track_id, created_at from listens where fresh and user_id <= 400
        order by created_at
    """).fetchnumpy()
    at = drawn["created_at"].astype("datetime64[us]").astype(np.int64)
    # week by week, for what is released changes what can be drawn
    weeks = np.arange(microseconds(DEFAULT.launch), at[-1], 7 * 86_400_000_000)
    expected = np.zeros(len(taste.genre))
    observed = np.zeros(len(taste.genre))
    for begin, end in zip(weeks, [*weeks[1:], at[-1] + 1], strict=True):
        within = (begin <= at) & (at < end)
        users, draws = np.unique(drawn["user_id"][within], return_counts=True)
        clock = datetime(1970, 1, 1) + timedelta(microseconds=int(begin))
        expected += draws @ listen_probability(taste, users, clock)
        observed += np.bincount(drawn["track_id"][within] - 1, minlength=len(expected))

    seen = (expected > 5) & (taste.released <= microseconds(DEFAULT.launch))
    z = (observed[seen] - expected[seen]) / np.sqrt(expected[seen])
    assert seen.sum() > 1000
    assert abs(z).max() < 6
    assert z.std() == pytest.approx(1, abs=0.1)
