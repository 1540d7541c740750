"""The simulated app's users listen to published lists: a share of sessions, by their true taste."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from api.source.generated import GeneratedWorld
from api.source.world import Taste, listen_probability
from api.source.world.clicks import click_probability, clicks
from api.source.world.parameters import Parameters
from tests.integration.source.test_source_world import everything_at

if TYPE_CHECKING:
    from pathlib import Path

SMALL = Parameters(seed=3, users=300, tracks=120, days=30, launched_on=date(2026, 8, 1))
DAY = datetime(2026, 8, 20)
PLACES = 10
Sessions = dict[tuple[int, str], list[int]]


def sessions_at(folder: Path, clock: datetime, share: float) -> Sessions:
    world = GeneratedWorld(folder, SMALL, listens_to_lists=share)
    found: list[dict[str, Any]] = everything_at(world, clock)["listen_history"]
    return {(one["user_id"], one["created_at"]): one["items"] for one in found}


def publish(folder: Path, day: datetime) -> dict[int, list[int]]:
    """Put lists of a day beside the world: to each user other tracks."""
    lists = {
        user: [(7 * user + place) % 90 + 1 for place in range(PLACES)] for user in range(1, 241)
    }
    rows = [
        {"user_id": user, "position": place + 1, "track_id": track}
        for user, tracks in lists.items()
        for place, track in enumerate(tracks)
    ]
    (folder / "lists").mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / "lists" / f"{day:%Y-%m-%d}.parquet")
    return lists


def test_of_the_next_day_a_share_of_sessions_begins_with_the_list(tmp_path: Path) -> None:
    end = datetime.combine(DAY.date(), time(23, 59, 59))
    own = sessions_at(tmp_path / "own", end + timedelta(days=3), 0)
    folder = tmp_path / "app"
    assert sessions_at(folder, end, 1) == sessions_at(tmp_path / "own", end, 0)
    lists = publish(folder, DAY)
    now = sessions_at(folder, end + timedelta(days=1), 1)
    begin, until = ((DAY + timedelta(days=days)).isoformat() for days in (1, 2))
    assert {key for key in own if key[1] < until} == now.keys()
    changed = [key for key, items in now.items() if items != own[key][: len(items)]]
    assert changed
    assert all(begin <= at < until for _, at in changed)
    for key in changed:
        assert now[key][0] in lists[key[0]]
        assert len(now[key]) <= len(own[key])

    # What was heard stays, also for another process, another share and no more lists.
    later = sessions_at(folder, end + timedelta(days=3), 0)
    assert {key: later[key] for key in now if len(later[key]) == len(now[key])}.items() <= (
        now.items()
    )
    assert all(later[key] == items for key, items in own.items() if key[1] >= until)


def test_no_session_changes_where_nobody_listens_to_lists(tmp_path: Path) -> None:
    clock = DAY + timedelta(days=1, hours=23)
    before = sessions_at(tmp_path, clock, 0)
    publish(tmp_path, DAY)
    assert sessions_at(tmp_path, clock, 0) == before


def test_what_fits_and_what_stands_first_is_chosen_more_often(tmp_path: Path) -> None:
    GeneratedWorld(tmp_path, SMALL).at(DAY)
    taste = Taste.read(tmp_path)
    probability = listen_probability(taste, range(1, 201), DAY)
    best = np.argsort(-probability, axis=1)[:, :PLACES]
    worst = np.argsort(probability, axis=1)[:, -2 * PLACES :: -1][:, :PLACES]
    rng = np.random.default_rng(0)
    chosen = np.mean([clicks(rng, probability, best) for _ in range(50)], axis=0)
    assert chosen.mean() > 2 * clicks(rng, probability, worst).mean()
    assert np.allclose(chosen.mean(), click_probability(probability, best).mean(), atol=0.02)
    alike = np.repeat(best[:, :1], PLACES, axis=1)
    falling = click_probability(probability, alike).mean(axis=0)
    assert (np.diff(falling) < 0).all()
    nothing = np.full_like(best, -1)
    assert not clicks(rng, probability, nothing).any()
