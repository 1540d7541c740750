"""An experiment from start to end: refused or started, scored by arm, stopped, waited for."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from ml.errors import DamagedModel, NoChampion
from ml.experiments import starting
from ml.experiments.errors import (
    ExperimentNotRunning,
    ExperimentOver,
    ExperimentRuns,
    ExperimentsOverlap,
    UnknownModelVersion,
)
from ml.experiments.experiment_log import all_experiments
from ml.lifecycle.champion.challenger import evaluate_challenger, promote
from ml.lifecycle.champion.rollback import roll_back
from ml.models.bundle import trained
from ml.models.neighbourhood.ease import Ease
from ml.registry import registry
from ml.scoring.recommend import newest_batch_is_current, recommend
from tests.integration.ml.test_promotion import Promotion, promotion_in, settings_of
from tests.support.tastes import Tastes

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
[ease]
[ease.arms]
control = {share = 0.5}
ease = {share = 0.5, model_version = 2}

[varied]
users = [0.2, 0.6]
[varied.arms]
control = {share = 0.5}
varied = {share = 0.5, per_artist = 1}

[rest]
users = [0.6, 1.0]
[rest.arms]
a = {share = 0.5}
b = {share = 0.5}

[wrong.arms]
control = {share = 0.5}
unknown = {share = 0.5, model_version = 9}
"""
USERS = Tastes().users


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a champion, another version, and a file of experiments; tests copy it."""
    data_dir = tmp_path_factory.mktemp("first") / "data"
    Tastes().publish(data_dir / "marts.duckdb")
    promotion = promotion_in(data_dir)
    assert promotion.promotes(promotion.good) == 1
    promotion.register(trained(Ease(), promotion.holdout.training, 0).save)
    (data_dir / "experiments.toml").write_text(FILE)
    return data_dir


@pytest.fixture
def app(first: Path, tmp_path: Path) -> Promotion:
    shutil.copytree(first, tmp_path / "data")
    return promotion_in(tmp_path / "data")


def test_each_user_of_an_experiment_gets_the_lists_of_the_arm(app: Promotion) -> None:
    before = lists(app, "1")
    assert {row["arm"] for row in before.values()} == {None}
    starting.start(app.settings, "ease", "2")
    batch = recommend(app.settings, "3")
    assert (batch.users, batch.arms, batch.stopped) == (USERS, 2, ())
    after = lists(app, "3", made=True)
    assert after.keys() == before.keys()
    assert {(row["arm"], row["arm_version"]) for row in after.values()} == {
        ("ease/control", 1),
        ("ease/ease", 2),
    }
    of_control = [user for user, row in after.items() if row["arm"] == "ease/control"]
    assert abs(len(of_control) / USERS - 0.5) < 0.15
    assert all(after[user]["tracks"] == before[user]["tracks"] for user in of_control)
    of_ease = after.keys() - {*of_control}
    changed = [user for user in of_ease if after[user]["tracks"] != before[user]["tracks"]]
    assert len(changed) > 0.5 * len(of_ease)
    playlists = arms(app, "3", "playlist_tracks")
    assert playlists.pop(None) == {None}
    assert playlists == {user: {row["arm"]} for user, row in after.items()}


def test_a_setting_can_differ_and_users_outside_get_the_champions_lists(app: Promotion) -> None:
    before = lists(app, "1")
    starting.start(app.settings, "varied", "2")
    starting.start(app.settings, "rest", "3")
    after = lists(app, "4")
    found = {row["arm"] for row in after.values()}
    assert found == {None, "varied/control", "varied/varied", "rest/a", "rest/b"}
    for user, row in after.items():
        if row["arm"] != "varied/varied":
            assert row["tracks"] == before[user]["tracks"]
    varied = {user for user, row in after.items() if row["arm"] == "varied/varied"}
    assert any(after[user]["tracks"] != before[user]["tracks"] for user in varied)
    assert lists(app, "5") == after


def test_what_can_not_be_started_or_stopped_is_refused_in_one_line(app: Promotion) -> None:
    with pytest.raises(UnknownModelVersion, match="there is no version 9 of the model, only 1, 2"):
        starting.start(app.settings, "wrong", "1")
    with pytest.raises(ExperimentNotRunning, match="ease does not run: `moovitamix experiment st"):
        starting.stop(app.settings, "ease", "enough", "1")
    starting.start(app.settings, "varied", "2")
    with pytest.raises(ExperimentRuns, match="varied runs already, from 20"):
        starting.start(app.settings, "varied", "3")
    with pytest.raises(ExperimentsOverlap, match=r"ease wants users of varied, which runs on 0\.2"):
        starting.start(app.settings, "ease", "4")
    starting.stop(app.settings, "varied", "enough", "5")
    over = r"varied was stopped \(enough\): its users"
    with pytest.raises(ExperimentOver, match=over):
        starting.start(app.settings, "varied", "6")
    with pytest.raises(ExperimentOver, match=over):
        starting.stop(app.settings, "varied", "again", "6")
    starting.start(app.settings, "ease", "7")
    assert [one.name for one in all_experiments(app.settings.lake_url)] == ["varied", "ease"]


def test_without_a_champion_nothing_starts(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    settings.experiments_file.write_text(FILE)
    with pytest.raises(NoChampion):
        starting.start(settings, "ease", "1")


def test_after_the_stop_the_next_batch_has_no_arm(app: Promotion) -> None:
    starting.start(app.settings, "ease", "1")
    assert len({row["arm"] for row in lists(app, "2").values()}) == 2
    assert newest_batch_is_current(app.settings)
    starting.stop(app.settings, "ease", "enough", "3")
    assert not newest_batch_is_current(app.settings)
    assert {row["arm"] for row in lists(app, "4").values()} == {None}


def test_an_experiment_that_starts_later_has_no_lists_before(app: Promotion) -> None:
    text = FILE.replace("[ease]\n[", "[ease]\nstart = 2031-01-01\n[")
    app.settings.experiments_file.write_text(text)
    starting.start(app.settings, "ease", "1")
    assert {row["arm"] for row in lists(app, "2").values()} == {None}


def test_a_file_that_changed_since_the_start_changes_nothing(app: Promotion) -> None:
    starting.start(app.settings, "ease", "1")
    before = lists(app, "2")
    app.settings.experiments_file.write_text("[")
    assert lists(app, "3") == before


def test_a_model_that_is_damaged_stops_its_experiment_and_no_list(app: Promotion) -> None:
    before = lists(app, "1")
    starting.start(app.settings, "ease", "2")
    damage(app, 2)
    batch = recommend(app.settings, "3")
    (line,) = batch.stopped
    assert line.startswith("the experiment ease is stopped: ")
    assert lists(app, "3", made=True) == before
    (one,) = all_experiments(app.settings.lake_url)
    assert one.is_stopped
    app.settings.experiments_file.write_text(FILE.replace("[ease", "[again"))
    with pytest.raises(DamagedModel):
        starting.start(app.settings, "again", "4")


def test_a_roll_back_stops_the_experiments_of_its_version(app: Promotion) -> None:
    starting.start(app.settings, "ease", "1")
    promote(app.settings, 2, "by hand", {}, "2")
    assert app.champion() == 2
    roll_back(app.settings, "its answers are wrong", "3")
    (one,) = all_experiments(app.settings.lake_url)
    assert one.reason == "version 2 was rolled back"
    assert app.champion() == 1


def test_a_promotion_waits_for_an_experiment_where_the_settings_say_so(app: Promotion) -> None:
    starting.start(app.settings, "ease", "1")
    damage(app, 1)  # so that any usable challenger would be promoted
    waiting = app.settings.model_copy(update={"promotion_waits": True})
    challenger = registry.versions(app.settings)[2]
    decision = evaluate_challenger(waiting, challenger, app.holdout)
    assert not decision.is_promoted
    assert decision.sentence.startswith("not promoted while an experiment runs (ease): ")
    assert app.champion() == 1
    assert evaluate_challenger(app.settings, challenger, app.holdout).is_promoted


def test_what_is_kept_of_an_experiment_holds_no_user(app: Promotion) -> None:
    starting.start(app.settings, "ease", "1")
    starting.stop(app.settings, "ease", "enough", "2")
    rows = duckdb.sql(f"from '{app.settings.lake_url}/ops/experiments/*/*.parquet'")
    assert set(rows.columns) & {"user_id", "users", "user"} == set()
    assert len(rows.fetchall()) == 3


def damage(app: Promotion, version: int) -> None:
    path = app.settings.data_dir / registry.versions(app.settings)[version].path
    path.write_bytes(path.read_bytes()[:50])


def lists(app: Promotion, run_id: str, *, made: bool = False) -> dict[int, dict[str, Any]]:
    """Return each user's arm and tracks in a batch, which is made first."""
    if not made:
        recommend(app.settings, run_id)
    rows: dict[int, dict[str, Any]] = {}
    for user, arm, version, track in batch(app, run_id, "recommendations").fetchall():
        row = rows.setdefault(user, {"arm": arm, "arm_version": version, "tracks": []})
        assert row["arm"] == arm
        row["tracks"].append(track)
    return rows


def arms(app: Promotion, run_id: str, table: str) -> dict[int | None, set[str | None]]:
    found: dict[int | None, set[str | None]] = {}
    for user, arm, _, _ in batch(app, run_id, table).fetchall():
        found.setdefault(user, set()).add(arm)
    return found


def batch(app: Promotion, run_id: str, table: str) -> duckdb.DuckDBPyRelation:
    path = f"{app.settings.lake_url}/ml/{table}/*/run_id={run_id}/batch.parquet"
    place = "rank" if table == "recommendations" else "position"
    return duckdb.sql(
        f"select user_id, arm, arm_version, track_id from '{path}' order by user_id, {place}"
    )
