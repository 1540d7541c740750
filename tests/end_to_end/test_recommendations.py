"""From a day's listens to served recommendations, and what a damaged model leaves in place."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest

from ml.errors import DamagedModel
from ml.lifecycle.train import train
from ml.models.neighbourhood.knn import ItemKnn
from orchestration.run.console import Console
from orchestration.run.lock import hold
from orchestration.run.runs import recorded
from orchestration.run.settings import Settings
from orchestration.steps import canary, recommendations
from orchestration.steps.day import run_daily
from tests.support.emptied import with_proofs
from tests.support.installation import Installation
from tests.support.serving_server import RunningServing, serving, wait_for
from tests.support.tastes import NEWEST, Tastes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ml.models.model import Model
    from orchestration.run.runs import Run

DAY = NEWEST - timedelta(seconds=1)
MODELS = {"MOOVITAMIX_MIN_LISTENS": "500", "MOOVITAMIX_MODEL": "item-knn"}
LISTS = "select user_id, rank, track_id, model_version, run_id from recommendations order by all"


@pytest.fixture(scope="module")
def recommended(tmp_path_factory: pytest.TempPathFactory, data_home: Path) -> Installation:
    """Return an installation after its first day, to be copied only; its listeners have tastes.

    In a separate folder, as each copy: MLflow keeps a database open until its process ends.
    """
    folder = tmp_path_factory.mktemp("recommended")
    Tastes().write_world(folder / "world")
    world = MODELS | {"MOOVITAMIX_SOURCE_WORLD": str(folder / "world")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in world.items():
            patch.setenv(name, value)
        with a_run(with_proofs(folder / "data", data_home)) as run:
            run_daily(run)
    return Installation(folder / "data", world)


@pytest.fixture
def installation(
    recommended: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Installation:
    """Return a copy of it."""
    for name, value in recommended.world.items():
        monkeypatch.setenv(name, value)
    return recommended.copy(tmp_path / "data")


@pytest.fixture
def without_champion(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Return it as before any model, with a registry of its own: MLflow keeps the former open."""
    for left in ("ml", "ops/promotions", "ops/models"):
        shutil.rmtree(installation.data_dir / "lake" / left)
    registry = installation.data_dir / "registry"
    registry.mkdir()
    monkeypatch.setenv("MOOVITAMIX_MLFLOW_URL", f"sqlite:///{registry / 'mlflow.db'}")
    monkeypatch.setenv("MOOVITAMIX_MLFLOW_ARTIFACTS", (registry / "artifacts").as_uri())
    return installation


@contextmanager
def a_run(data_dir: Path, as_of: datetime | None = DAY) -> Iterator[Run]:
    settings = Settings(data_dir=data_dir, as_of=as_of)
    console = Console(shows_steps=False)
    with hold(data_dir, "test") as lock, recorded(settings, lock, console, "test") as run:
        yield run


def test_a_first_day_recommends_by_a_baseline_trains_and_has_the_answers_checked(
    recommended: Installation,
) -> None:
    steps = sorted(recommended.ops("steps"), key=lambda row: str(row["at"]))
    done = [row["step"] for row in steps if row["outcome"] == "succeeded"]
    assert done[-8:] == [
        *("build", "features", "publish"),
        *("train", "score", "recommendations", "publish", "smoke"),
    ]
    models = [row["name"] for row in recommended.ops("models")]
    assert sorted(map(str, models)) == ["baseline", "item-knn"]
    ((version, name),) = recommended.ask("select model_version, name from champion_model")
    assert name in models
    assert {row[3] for row in recommended.ask(LISTS)} == {version}
    lists = "select count(distinct user_id), max(rank) from recommendations"
    assert recommended.ask(lists) == [(Tastes().users, 50)]


def test_a_first_day_publishes_playlists_of_each_kind_and_measures_them(
    recommended: Installation,
) -> None:
    users = Tastes().users
    kinds = recommended.ask("select kind, count(distinct user_id) from playlists group by 1")
    made = {str(kind): int(str(number)) for kind, number in kinds}
    assert made.pop("rewind", 0) < users
    # Nothing was released in the last 28 days.
    assert made == {"discover": users, "on_repeat": users, "mix": users, "popular": 0}
    full = "select distinct tracks from playlists where kind in ('discover', 'mix', 'popular')"
    assert recommended.ask(full) == [(30,)]
    ((version, day),) = recommended.ask("select distinct model_version, day from playlists")
    assert day == DAY.date()
    assert recommended.ask("select model_version from champion_model") == [(version,)]
    with sqlite3.connect(recommended.data_dir / "mlflow" / "mlflow.db") as tracked:
        metrics = {name for (name,) in tracked.execute("select distinct key from metrics")}
    assert metrics >= {
        "discover_ndcg_at_10",
        "discover_turnover",
        "mix_coverage",
        "on_repeat_share_gain_over_own_plays_low",
    }


@pytest.mark.slow
def test_a_damaged_champion_leaves_the_marts_published_and_its_last_recommendations(
    without_champion: Installation,
) -> None:
    installation = without_champion
    _run_day(installation, ItemKnn())
    before = installation.ask(LISTS)
    ((version,),) = installation.ask("select version from publication")
    (factors,) = installation.data_dir.glob("registry/**/factors.npz")
    factors.write_bytes(factors.read_bytes()[:1000])
    with a_run(installation.data_dir) as run, pytest.raises(DamagedModel):
        run_daily(run)
    assert installation.ask("select version from publication") == [(int(str(version)) + 1,)]
    assert installation.ask(LISTS) == before


def test_a_better_model_is_served_by_itself_a_worse_one_is_not_and_the_former_comes_back(
    without_champion: Installation,
) -> None:
    installation = without_champion
    weak = ItemKnn(neighbours=3)

    _run_day(installation, weak)
    with serving(installation.data_dir) as app:
        seen = [_seen(app, 1)]
        _run_day(installation, ItemKnn())
        seen.append(_seen(app, 2))
        assert seen[1] != seen[0]
        _run_day(installation, weak)
        assert _seen(app, 2) == seen[1]
        with a_run(installation.data_dir) as run:
            recommendations.roll_back(run, "asked for")
        assert _seen(app, 1) == seen[0]


def test_an_experiment_goes_from_its_file_to_the_answers_and_ends(
    installation: Installation,
) -> None:
    file = installation.data_dir / "experiments.toml"
    file.write_text("[one.arms]\ncontrol = {share = 0.5}\nvaried = {share = 0.5, per_artist = 1}\n")
    clock = ("--as-of", DAY.isoformat())
    assert "not started" in installation.does("experiment", "list")
    assert "one runs from" in installation.does("experiment", "start", "one", *clock)
    assert "2 arms of experiments" in installation.does("recommend", *clock)
    arms = {"one/control", "one/varied"}
    with duckdb.connect(installation.marts, read_only=True) as marts:
        for table in ("recommendations", "experiments"):
            found = marts.sql(f"select distinct arm from {table}").fetchall()
            assert {arm for (arm,) in found} == arms, table
    with serving(installation.data_dir) as app:
        answered = [app.get(f"/users/{user}/recommendations")["arm"] for user in range(1, 20)]
        assert set(answered) == arms
    looked = installation.does("experiment", "decide", "one")
    assert looked.startswith("one: nothing is known yet: no list of each arm is 7 days old")
    assert "nothing is promoted: one: n" in installation.fails(
        "experiment", "decide", "one", "--promote", *clock
    )
    assert "is stopped: enough" in installation.does(
        "experiment", "stop", "one", "--reason", "enough", *clock
    )
    file.write_text("[one.arms]\ncontrol = {share = 0.5}\nvaried = {share = 0.6}\n")
    assert "add to 1.1, not to 1" in installation.fails("experiment", "start", "one")


def _run_day(installation: Installation, model: Model) -> None:
    """Train and evaluate a model; recommend by the champion of then."""
    with a_run(installation.data_dir) as run:
        train(canary.ml_settings(run), model=model, run_id=run.run_id)
        if recommendations.recommend(run):
            recommendations.smoke(run)


def _seen(app: RunningServing, version: int) -> list[list[int]]:
    """What some users are recommended, once the app has this version of the model."""
    wait_for(lambda: app.get("/model")["model_version"] == version, seconds=5)
    return [app.tracks_of(user) for user in range(1, 20)]
