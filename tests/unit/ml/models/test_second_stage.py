"""The second stage: trees learn what the blend does not know, and are kept only where they did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from bench.models.shaped_logs import instants
from ml.data.interactions import Features
from ml.data.listens import Listens
from ml.data.splits import Split, split
from ml.evaluation.evaluation import discovery, evaluate_scorer
from ml.lifecycle.search.second_stage import second_stage
from ml.models.array_files import digest
from ml.models.blend import Blend
from ml.models.bundle import Bundle
from ml.models.neighbourhood.ease import Ease
from ml.models.neighbourhood.rp3beta import Rp3Beta
from ml.models.second_stage.reranked import CANDIDATES, Reranked
from ml.models.second_stage.track_facts import facts_of

USERS, TRACKS, WEEKS, GROUPS = 500, 400, 12, 4
BLEND = Blend((Ease(50.0), Rp3Beta(0.8, 0.4)), (0.6, 0.4))


def _log(*, of_new: bool) -> Listens:
    """Draw listens within the user's group: of tracks that came out lately, or of any."""
    rng = np.random.default_rng(0)
    released = np.arange(TRACKS) * WEEKS // TRACKS if of_new else np.zeros(TRACKS)
    user, track, day = [], [], []
    for own in range(USERS):
        for week in range(WEEKS):
            age = week - released
            fits = (np.arange(TRACKS) % GROUPS == own % GROUPS) & (age >= 0)
            chance = np.where(fits, np.exp(-age / 1.5) if of_new else 1.0, 0)
            its = rng.choice(TRACKS, 3, p=chance / chance.sum())
            user += [own] * 3
            track += its.tolist()
            day += (7 * week + 6 * rng.random(3)).tolist()
    group = np.eye(GROUPS, dtype=np.float32)[np.arange(TRACKS) % GROUPS]
    names = tuple(f"group={number}" for number in range(GROUPS))
    return Listens(
        users=np.arange(USERS),
        tracks=np.arange(TRACKS),
        user=np.array(user),
        track=np.array(track),
        plays=np.ones(len(user), np.float32),
        at=instants(day),
        track_features=Features(names, csr_matrix(group)),
    )


@pytest.fixture(scope="module")
def parts() -> Split:
    return split(_log(of_new=True), "time", 0)


@pytest.fixture(scope="module")
def stage(parts: Split) -> Reranked:
    kept, (trial,) = second_stage(BLEND.fit(parts.train, 0), parts.train, parts.validation, 0)
    assert kept is not None
    assert trial.model == "reranked"
    return kept


def test_trees_are_kept_where_they_know_more_and_are_better_on_the_test(
    parts: Split, stage: Reranked
) -> None:
    task = discovery(parts.training, parts.test)
    blend, own = (
        evaluate_scorer(model.fit(parts.training, 0), task).means()["ndcg_at_10"]
        for model in (BLEND, stage)
    )
    assert own > 1.1 * blend


def test_trees_are_not_kept_where_they_know_no_more() -> None:
    parts = split(_log(of_new=False), "time", 0)
    kept, trials = second_stage(BLEND.fit(parts.train, 0), parts.train, parts.validation, 0)
    assert kept is None
    assert [trial.model for trial in trials] == ["reranked"]


def test_without_instants_and_metadata_or_with_few_users_nothing_is_tried(parts: Split) -> None:
    fitted = BLEND.fit(parts.train, 0)
    bare = replace(parts.train, last_played=None, track_features=None)
    assert second_stage(fitted, bare, parts.validation, 0) == (None, [])
    plays = parts.validation.plays.copy()
    plays.data[plays.indptr[50] :] = 0
    plays.eliminate_zeros()
    few = replace(parts.validation, plays=plays)
    assert second_stage(fitted, parts.train, few, 0) == (None, [])


def test_the_same_data_and_seed_learn_the_same_bits(parts: Split, stage: Reranked) -> None:
    again, _ = second_stage(BLEND.fit(parts.train, 0), parts.train, parts.validation, 0)
    assert again is not None
    one, two = (model.fit(parts.training, 0) for model in (stage, again))
    assert digest(one.arrays()) == digest(two.arrays())


def test_it_comes_back_from_its_arrays_and_forgets_a_user(parts: Split, stage: Reranked) -> None:
    fitted = stage.fit(parts.training, 0)
    bundle = Bundle(fitted, parts.training.users, parts.training.tracks, np.arange(USERS))
    again = Bundle.from_arrays(bundle.arrays())
    users = np.array([3, 7])
    np.testing.assert_array_equal(again.model.scores(users), fitted.scores(users))
    without = bundle.without(3)
    np.testing.assert_array_equal(without.model.scores(np.array([6])), fitted.scores(users[1:]))
    assert without.model.arrays()["played.indptr"].shape == (USERS,)


def test_only_the_best_new_tracks_change_places(parts: Split, stage: Reranked) -> None:
    fitted = stage.fit(parts.training, 0)
    users = np.arange(20)
    blend, scores = fitted.blend.scores(users), fitted.scores(users)
    heard = parts.training.heard(users)
    for row in range(len(users)):
        to_discover = np.flatnonzero(~heard[row])
        by_blend = to_discover[np.argsort(-blend[row, to_discover], kind="stable")]
        by_both = to_discover[np.argsort(-scores[row, to_discover], kind="stable")]
        assert set(by_both[:CANDIDATES]) == set(by_blend[:CANDIDATES])
        np.testing.assert_array_equal(by_both[CANDIDATES:], by_blend[CANDIDATES:])


def test_facts_of_a_track_are_those_at_the_cut_off(parts: Split) -> None:
    facts = facts_of(parts.training)
    listeners = np.asarray((parts.training.plays > 0).sum(axis=0)).ravel()
    np.testing.assert_allclose(facts[:, 0], np.log1p(listeners), rtol=1e-6)
    assert facts.shape == (TRACKS, 6)
    never = listeners == 0
    assert never.any()
    assert (facts[never, -1] == -1).all()
    at = parts.training.last_played
    assert at is not None
    of_one = parts.training.plays.indices == 0
    age = (at.max() - at[of_one].min()) / np.timedelta64(1, "D")
    assert facts[0, -1] == pytest.approx(age, rel=1e-6)
