"""Answers say which arm of an experiment the user is in, and which model made the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from api.serving.processes.refresher import Refresher
from api.serving.snapshot.current import CurrentSnapshot
from api.serving.telemetry.logs import Log
from orchestration.steps.smoke import smoke
from tests.support.served_marts import Marts
from tests.support.serving_server import serving, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.serving_server import RunningServing

ARMS = {10: ("one/control", 1), 20: ("one/new", 7), 30: (None, 1)}


def publish(data_dir: Path, arms: dict[int, tuple[str | None, int]]) -> None:
    """Publish lists of arms; users who are not named are in none."""
    Marts().publish(data_dir / "marts.duckdb")
    with duckdb.connect(data_dir / "marts.duckdb") as marts:
        for table in ("recommendations", "playlists"):
            marts.execute(f"alter table {table} add column arm varchar")
            for user_id, its in arms.items():
                marts.execute(
                    f"update {table} set arm = ?, model_version = ? where user_id = ?",
                    [*its, user_id],
                )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServing]:
    data_dir = tmp_path_factory.mktemp("data")
    publish(data_dir, ARMS)
    with serving(data_dir) as running:
        yield running


@pytest.mark.parametrize("user_id", ARMS)
def test_a_users_answers_say_the_arm_and_its_version(running: RunningServing, user_id: int) -> None:
    for path in ("recommendations", "recommendations?limit=3&genre=jazz", "playlists"):
        answered = running.get(f"/users/{user_id}/{path}")
        assert (answered["arm"], answered["model_version"]) == ARMS[user_id], path
    answered = running.get(f"/playlists/{user_id}-discover")
    assert (answered["arm"], answered["model_version"]) == ARMS[user_id]


def test_answers_for_several_for_everybody_and_for_strangers_are_the_champions(
    running: RunningServing,
) -> None:
    body = {"user_ids": [*ARMS, 99]}
    batch = running.ask("/recommendations:batch", method="POST", body=body).json()
    assert batch["model_version"] == 1
    assert [user["arm"] for user in batch["answers"]] == ["one/control", "one/new", None, None]
    for path in ("/users/99/recommendations", "/playlists/popular"):
        answered = running.get(path)
        assert (answered["arm"], answered["model_version"]) == (None, 1)


def test_the_model_names_the_arms_and_the_smoke_check_knows_them(running: RunningServing) -> None:
    model = running.get("/model")
    assert (model["model_version"], model["arms"]) == (
        1,
        [
            {"arm": "one/control", "model_version": 1, "users": 1},
            {"arm": "one/new", "model_version": 7, "users": 1},
        ],
    )
    for first in ARMS:
        users = [first, *ARMS.keys() - {first}]
        assert smoke(running.url, running.key, users=users, model_version=1) is None


def test_where_every_user_is_in_an_arm_the_champion_is_still_known(tmp_path: Path) -> None:
    publish(tmp_path, {10 * number: ("one/new", 7) for number in range(1, 6)})
    Refresher(settings(tmp_path), Log("test")).look()
    snapshot = CurrentSnapshot(settings(tmp_path)).snapshot
    assert snapshot is not None
    assert snapshot.manifest.model_version == 1
    assert snapshot.playlists.made(None)["model_version"] == 1
    assert snapshot.playlists.made(10) == {
        "day": "2026-11-22",
        "model_version": 7,
        "arm": "one/new",
    }
