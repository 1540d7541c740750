"""A learned model over a baseline: at rolling cut-offs, trained only where it can be evaluated."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ml.data.published_marts import open_published
from ml.evaluation.evaluation import discovery
from ml.lifecycle.champion.first_champion import ensure_champion
from ml.lifecycle.due import due
from ml.lifecycle.holdout import hold_out
from ml.lifecycle.train import train
from ml.models.bundle import Bundle, trained
from ml.models.softmax.softmax import Softmax
from ml.registry import registry
from ml.registry.tracking import tracking_client
from ml.settings import MlSettings
from tests.support.sparse_log import SparseLog
from tests.support.tastes import Tastes

if TYPE_CHECKING:
    from pathlib import Path

    from ml.lifecycle.holdout import Holdout

SPARSE = SparseLog(users=400, tracks=300, plays=20, days=120, taste=2.5, popularity=0.7)
AT_RANDOM = SparseLog(
    users=400, tracks=300, plays=20, days=120, sessions=4, taste=0.0, popularity=0.0
)


def settings_of(data_dir: Path, **given: object) -> MlSettings:
    values: dict[str, Any] = {"model": "softmax", "min_listens": 500} | given
    return MlSettings(data_dir=data_dir, lake_url=str(data_dir / "lake"), **values)


def holdout_of(settings: MlSettings) -> Holdout:
    with open_published(settings) as published:
        return hold_out(published, settings)


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> MlSettings:
    """A published sparse log; a baseline is champion, and nothing is trained yet."""
    settings = settings_of(tmp_path_factory.mktemp("sparse") / "data")
    SPARSE.publish(settings.marts_file)
    assert ensure_champion(settings).is_baseline
    return settings


def test_the_users_counted_of_each_week_are_those_who_test_it(sparse: MlSettings) -> None:
    holdout = holdout_of(sparse)
    seen: set[int] = set()
    assert len(holdout.plan.weeks) > 2
    for week in holdout.plan.weeks:
        then = holdout.at(week)
        users = discovery(then.training, then.test).users.tolist()
        assert len(users) == holdout.history.test_users(week) > 0
        seen |= set(users)
        assert then.training.last_played is not None
        assert then.training.last_played.max() < np.datetime64(then.snapshot.as_of)
        assert then.training.plays.sum() == holdout.history.listens_before(week)
    assert len(seen) == holdout.plan.test_users


def test_settings_are_chosen_on_weeks_before_all_that_test(sparse: MlSettings) -> None:
    holdout = holdout_of(sparse)
    parts = holdout.for_settings()
    assert parts is not None
    oldest = np.datetime64(holdout.history.cut_off(holdout.plan.weeks[-1]))
    train_part, validation = parts
    assert train_part.last_played is not None
    assert validation.last_played is not None
    assert train_part.last_played.max() < validation.last_played.min()
    assert validation.last_played.max() < oldest


def test_a_model_read_back_is_trained_again_as_it_was(sparse: MlSettings, tmp_path: Path) -> None:
    data = holdout_of(sparse).training
    bundle = trained(Softmax(no_components=8, epochs=5), data, 1)
    model_hash = bundle.save(tmp_path / "model.npz")
    read = Bundle.load(tmp_path / "model.npz", model_hash)
    assert trained(read.model, data, 1).save(tmp_path / "again.npz") == model_hash


def test_a_better_model_replaces_the_baseline_in_the_first_training(sparse: MlSettings) -> None:
    assert due(sparse).why == "no model has been trained yet"
    done = train(sparse)
    assert done.decision.is_promoted, done.decision.sentence
    assert registry.champion(sparse).number == done.version
    figures = json.loads(registry.decisions(sparse)[-1]["figures"])
    assert figures["rule"] == "probably"
    assert figures["rival_name"] == "baseline"
    assert len(figures["cut_offs"]) > 2
    assert figures["test_users"] == figures["gain"]["users"] == holdout_of(sparse).plan.test_users
    assert figures["gain"]["low"] < figures["gain"]["mean"] < figures["gain"]["high"]
    with tracking_client(sparse) as client:
        (version,) = [one for one in registry.versions(sparse).values() if not one.is_baseline]
        run_id = client.get_model_version(registry.NAME, str(version.number)).run_id
        run = client.get_run(str(run_id))
    assert run.data.metrics["decided_test_users"] == figures["test_users"]
    assert run.data.metrics["decided_gain_mean"] == pytest.approx(figures["gain"]["mean"])
    # From now on it is protected as each learned champion: on one untouched week.
    again = train(sparse)
    assert "is not surely better" in again.decision.sentence
    assert "cut_offs" not in again.decision.evidence


@pytest.mark.parametrize("seed", [0, 1])
def test_on_listens_at_random_no_model_replaces_the_baseline(tmp_path: Path, seed: int) -> None:
    settings = settings_of(tmp_path)
    replace(AT_RANDOM, seed=seed).publish(settings.marts_file)
    ensure_champion(settings)
    done = train(settings)
    assert not done.decision.is_promoted, done.decision.sentence
    assert registry.champion(settings).is_baseline
    assert due(settings).why == "not due: weekly, and the newest training is 0 h old"


@pytest.mark.parametrize(
    ("log", "given", "why"),
    [
        (
            Tastes(users=12, listens=3_000),
            {},
            r"not due: \d+ test users since 2026-\d\d-\d\d, 30 are needed",
        ),
        (
            Tastes(listens=600),
            {"min_listens": 2_000},
            r"not due: \d+ before 2026-03-0\d, 2,000 are needed to train",
        ),
    ],
)
def test_a_training_that_can_t_be_evaluated_is_not_due_on_any_day(
    tmp_path: Path, log: Tastes, given: dict[str, Any], why: str
) -> None:
    settings = settings_of(tmp_path, **given)
    log.publish(settings.marts_file)
    ensure_champion(settings)
    for day in range(6):
        replace(log, day=day).publish(settings.marts_file)
        assert re.fullmatch(why, due(settings).why)
    assert len(registry.versions(settings)) == 1


def test_after_a_training_that_was_not_promoted_the_next_is_due_by_cadence(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, drift_psi=9.0)
    trained_on = []
    for day in range(9):
        replace(AT_RANDOM, day=day).publish(settings.marts_file)
        ensure_champion(settings)
        if due(settings).is_due:
            train(settings)
            trained_on.append(day)
    assert trained_on == [0, 7]
    assert registry.champion(settings).is_baseline
