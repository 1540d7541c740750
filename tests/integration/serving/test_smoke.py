"""The smoke check: passes right answers, and reports wrong ones."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from orchestration.run.settings import Settings
from orchestration.steps.serving_process import embedded_serving
from orchestration.steps.smoke import smoke
from tests.support.served_marts import Marts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USERS = [10, 20, 30]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def served(data_dir: Path) -> Iterator[tuple[str, str]]:
    """A server of the check's own."""
    Marts().publish(data_dir / "marts.duckdb")
    with embedded_serving(Settings(data_dir=data_dir)) as served:
        yield served


def test_what_is_right_passes_and_leaves_no_trace(data_dir: Path, served: tuple[str, str]) -> None:
    assert smoke(*served, users=USERS, model_version=1) is None
    assert [path.name for path in data_dir.iterdir()] == ["marts.duckdb"]


def test_a_publication_that_is_about_to_be_seen_is_waited_for(
    data_dir: Path, served: tuple[str, str]
) -> None:
    Marts(version=2, model_version=2).publish(data_dir / "marts.duckdb")
    assert smoke(*served, users=USERS, model_version=2) is None


@pytest.mark.parametrize(
    ("published", "users", "expected"),
    [
        (Marts(3, 3, users=2), USERS, "a batch: a user with predictions is not known"),
        (Marts(4, 3, tracks=1), USERS, "one user: a track is there twice"),
        (Marts(5, 2), USERS, "/model: version 2, not 3"),
        (Marts(6, 3, users=0), USERS, "/ready: the published file has no recommendations"),
        (Marts(7, 3, made_at=datetime(2020, 1, 1)), USERS, "/model: its predictions are old"),
        (Marts(8, 3), [15], "one user: a user with predictions is not known"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    data_dir: Path, served: tuple[str, str], published: Marts, users: list[int], expected: str
) -> None:
    published.publish(data_dir / "marts.duckdb")
    wrong = smoke(*served, users=users, model_version=3, patience=2)
    assert wrong
    assert wrong.startswith(expected)
    assert "\n" not in wrong


def test_no_key_and_no_server_are_said_too(served: tuple[str, str]) -> None:
    url, key = served
    refused = smoke(url, "wrong", users=USERS, model_version=3, patience=0)
    assert refused == "/model: 401: the header X-API-Key must hold a key"
    silent = smoke("http://127.0.0.1:9", key, users=USERS, model_version=3, patience=0)
    assert silent
    assert silent.startswith("/ready: no answer")
