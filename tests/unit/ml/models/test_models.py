from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ml.data.interactions import Interactions, interactions, weigh
from ml.data.splits import Split, split
from ml.errors import NotFitted
from ml.evaluation.evaluation import discovery, evaluate_scorer
from ml.lifecycle.search.search import search
from ml.models.array_files import digest
from ml.models.baseline import Baseline
from ml.models.blend import Blend, standardised
from ml.models.hybrid import Hybrid
from ml.models.ials import Ials
from ml.models.mixture import choose_weights, in_fifths
from ml.models.model import Model
from ml.models.neighbourhood.ease import Ease
from ml.models.neighbourhood.knn import ItemKnn
from ml.models.neighbourhood.near_ease import NearEase
from ml.models.neighbourhood.rp3beta import Rp3Beta
from ml.models.neighbourhood.session_knn import SessionKnn
from ml.models.popularity import Popularity
from ml.models.softmax.softmax import Softmax
from tests.support.logs import GROUPS, TRACKS, grouped_log

LIGHTFM = Hybrid(no_components=8, epochs=15)
SOFTMAX = Softmax(no_components=8, epochs=40)
MODELS: list[Model] = [
    Popularity(),
    Baseline(neighbours=10),
    ItemKnn(neighbours=10),
    Rp3Beta(neighbours=20),
    Rp3Beta(alpha=0.7, beta=0.0, neighbours=20, weighted=False),
    NearEase(regularization=5.0, neighbours=20),
    Ease(regularization=5.0),
    Ease(regularization=5.0, max_items=20, weighted=False),
    SessionKnn(neighbours=20),
    SessionKnn(neighbours=20, shrink=5.0, half_life=30.0),
    Ials(no_components=8, regularization=0.02),
    Ials(no_components=40, unobserved=0.3, regularization=0.02, weighted=True),
    SOFTMAX,
    replace(SOFTMAX, prior=2.0),
    LIGHTFM,
    replace(LIGHTFM, averaged=False),
    Blend((LIGHTFM, Ease(5.0), SOFTMAX, Rp3Beta(), Ials(8)), (0.3, 0.3, 0.2, 0.1, 0.1)),
]
NAMES = [f"{model.name}-{number}" for number, model in enumerate(MODELS)]


@pytest.fixture(scope="module")
def parts() -> Split:
    return split(grouped_log(), "random", seed=0)


def _everyone(data: Interactions) -> np.ndarray:
    return np.arange(data.shape[0])


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_the_same_data_and_seed_give_the_same_bits(model: Model, parts: Split) -> None:
    one, two = (model.fit(parts.training, seed=7).arrays() for _ in range(2))
    assert digest(one) == digest(two)


@pytest.mark.parametrize("model", [LIGHTFM, SOFTMAX, Ials(8)], ids=lambda model: model.name)
def test_another_seed_gives_another_model(model: Model, parts: Split) -> None:
    one, two = (model.fit(parts.training, seed).arrays() for seed in (1, 2))
    assert digest(one) != digest(two)


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_a_model_comes_back_from_its_arrays_whole(model: Model, parts: Split) -> None:
    fitted = model.fit(parts.training, seed=7)
    everyone = _everyone(parts.training)
    again = type(model).from_arrays(fitted.arrays())
    scores = fitted.scores(everyone)
    assert scores.dtype == np.float32
    assert scores.shape == parts.training.shape
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(again.scores(everyone), scores)
    assert digest(again.arrays()) == digest(fitted.arrays())
    assert all(not array.dtype.hasobject for array in fitted.arrays().values())


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_scores_of_some_users_are_those_of_all(model: Model, parts: Split) -> None:
    fitted = model.fit(parts.training, seed=7)
    some = np.array([5, 3])
    np.testing.assert_allclose(
        fitted.scores(some), fitted.scores(_everyone(parts.training))[some], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_an_untrained_model_says_so(model: Model) -> None:
    with pytest.raises(NotFitted, match="has not been trained"):
        model.scores(np.array([0]))


@pytest.mark.parametrize("model", MODELS[1:], ids=NAMES[1:])
def test_taste_beats_popularity(model: Model, parts: Split) -> None:
    task = discovery(parts.training, parts.test)
    figure = evaluate_scorer(model.fit(parts.training, seed=0), task).means()["ndcg_at_10"]
    baseline = evaluate_scorer(Popularity().fit(parts.training, seed=0), task).means()["ndcg_at_10"]
    assert figure > 1.3 * baseline


@pytest.mark.parametrize("model", [LIGHTFM, SOFTMAX], ids=["lightfm", "softmax"])
def test_cold_tracks_are_ranked_by_their_metadata(model: Model, parts: Split) -> None:
    scores = model.fit(parts.training, seed=0).scores(_everyone(parts.training))
    cold = np.arange(TRACKS - GROUPS, TRACKS)
    assert not parts.training.plays[:, cold].nnz
    liked = cold[scores[:, cold].argmax(axis=1)] % GROUPS
    assert (liked == np.arange(len(scores)) % GROUPS).mean() > 0.9


def test_who_nothing_is_known_about_gets_what_is_popular(parts: Split) -> None:
    plays = parts.training.plays.tolil()
    plays[0] = 0
    known = replace(parts.training, plays=plays.tocsr(), weights=weigh(plays.tocsr()))
    scores = LIGHTFM.fit(known, seed=0).scores(np.array([0, 1]))
    listeners = np.bincount(known.plays.indices, minlength=TRACKS)
    np.testing.assert_array_equal(scores[0], listeners)
    assert not np.array_equal(scores[1], listeners)


@pytest.mark.parametrize("users", [30, 8], ids=["more users than tracks", "fewer"])
def test_ease_is_the_closed_form(users: int) -> None:
    rng = np.random.default_rng(0)
    row, column = (rng.random((users, 12)) < 0.4).nonzero()
    data = interactions(np.arange(users), np.arange(12), row, column, np.ones(len(row)))
    played = data.weights.toarray()
    inverse = np.linalg.inv(played.T @ played + 3 * np.eye(12))
    between = np.eye(12) - inverse / np.diag(inverse)
    np.fill_diagonal(between, 0)
    fitted = Ease(regularization=3.0).fit(data, seed=0)
    np.testing.assert_allclose(fitted.scores(np.arange(users)), played @ between, atol=1e-4)


@pytest.mark.parametrize("whole", [8_000, 0], ids=["counted at once", "track by track"])
def test_near_ease_with_all_tracks_near_is_ease(
    whole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.models.neighbourhood.near_ease.WHOLE", whole)
    rng = np.random.default_rng(0)
    row, column = (rng.random((200, 12)) < 0.4).nonzero()
    data = interactions(np.arange(200), np.arange(12), row, column, np.ones(len(row)))
    near = NearEase(regularization=3.0, neighbours=12).fit(data, 0)
    ease = Ease(regularization=3.0, weighted=False).fit(data, 0)
    everyone = np.arange(200)
    np.testing.assert_allclose(near.scores(everyone), ease.scores(everyone), atol=1e-4)
    few = NearEase(regularization=3.0, neighbours=3).fit(data, 0)
    assert np.diff(few.between.tocsc().indptr).tolist() == [3] * 12


def test_ials_solves_the_normal_equations_of_each_row(parts: Split) -> None:
    data = parts.training
    for size in (4, 30):  # more and fewer pairs than components
        fitted = Ials(no_components=size, unobserved=0.2, regularization=0.01, weighted=True).fit(
            data, seed=0
        )
        tracks = fitted.track_factors.astype(np.float64)
        for row in range(5):
            weights = data.weights[row].toarray().ravel()
            ridge = 0.01 * (np.count_nonzero(weights) + 100) * np.eye(size)
            gram = tracks.T @ (tracks * (weights + 0.2)[:, None]) + ridge
            expected = np.linalg.solve(gram, tracks.T @ weights)
            np.testing.assert_allclose(fitted.user_factors[row], expected, rtol=2e-3, atol=2e-4)


def test_a_track_that_very_many_played_is_fitted_in_pieces(
    parts: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Ials(no_components=8).fit(parts.training, seed=0)
    monkeypatch.setattr("ml.models.ials._CELLS", 40)
    pieces = Ials(no_components=8).fit(parts.training, seed=0)
    everyone = _everyone(parts.training)
    scores = whole.scores(everyone)
    np.testing.assert_allclose(pieces.scores(everyone), scores, rtol=1e-2, atol=1e-3)


def test_rp3beta_is_a_walk_of_three_steps() -> None:
    rng = np.random.default_rng(0)
    row, column = (rng.random((30, 12)) < 0.4).nonzero()
    data = interactions(np.arange(30), np.arange(12), row, column, np.ones(len(row)))
    played = (data.plays.toarray() > 0).astype(float)
    to_track = (played / np.maximum(played.sum(axis=1, keepdims=True), 1)) ** 0.8
    to_user = (played.T / played.sum(axis=0)[:, None]) ** 0.8
    walked = to_user @ to_track / played.sum(axis=0) ** 0.5
    np.fill_diagonal(walked, 0)
    fitted = Rp3Beta(alpha=0.8, beta=0.5, weighted=False).fit(data, seed=0)
    np.testing.assert_allclose(fitted.scores(np.arange(30)), played @ walked, rtol=1e-4)
    few = Rp3Beta(neighbours=3).fit(data, seed=0)
    assert np.diff(few.near.indptr).tolist() == [3] * 12


def test_weights_are_a_users_own_measure_kept_within_bounds() -> None:
    data = interactions(
        np.arange(2),
        np.arange(3),
        np.array([0, 0, 0, 1]),
        np.array([0, 0, 1, 2]),
        np.array([1, 2, 1, 900]),
    )
    assert data.plays.toarray().tolist() == [[3, 1, 0], [0, 0, 900]]
    mean = (np.log(4) + np.log(2)) / 2
    expected = [[np.log(4) / mean, np.log(2) / mean, 0], [0, 0, 1]]
    np.testing.assert_allclose(data.weights.toarray(), expected, rtol=1e-6)
    many = interactions(
        np.arange(1),
        np.arange(101),
        np.zeros(101, np.int64),
        np.arange(101),
        np.array([1e9] + [1.0] * 100),
    )
    assert many.weights.data.max() == 3


def test_popularity_counts_the_listeners_of_late() -> None:
    days = np.array(["2026-01-01", "2026-01-01", "2026-03-01"], "datetime64[us]")
    data = interactions(
        np.arange(3), np.arange(2), np.arange(3), np.array([0, 0, 1]), np.ones(3), last_played=days
    )
    assert Popularity(days=30).fit(data, 0).scores(np.array([0]))[0].argmax() == 1
    assert Popularity(days=90).fit(data, 0).scores(np.array([0]))[0].argmax() == 0


def test_a_standardised_row_has_mean_0_and_spread_1_or_is_0() -> None:
    rows = standardised(np.array([[1, 2, 3, 6], [4, 4, 4, 4]], np.float32))
    assert rows[0].mean() == pytest.approx(0, abs=1e-6)
    assert rows[0].std() == pytest.approx(1, abs=1e-6)
    assert rows[1].tolist() == [0, 0, 0, 0]


def test_weights_of_a_blend_share_one() -> None:
    shares = in_fifths(3)
    assert len(shares) == 21
    assert all(sum(weights) == pytest.approx(1) for weights in shares)


def test_a_blend_is_on_validation_as_good_as_its_best_part(parts: Split) -> None:
    fitted = [model.fit(parts.train, 0) for model in (LIGHTFM, Ease(regularization=5.0))]
    weights, figure = choose_weights(fitted, parts.train, parts.validation)
    task = discovery(parts.train, parts.validation)
    alone = [evaluate_scorer(model, task).means()["ndcg_at_10"] for model in fitted]
    assert figure >= max(alone) - 1e-9
    assert sum(weights) == pytest.approx(1)


@pytest.mark.parametrize("seed", range(5))
def test_what_helps_by_luck_alone_is_left_out_of_a_blend(parts: Split, seed: int) -> None:
    ease = Ease(regularization=5.0).fit(parts.train, 0)
    noise = np.random.default_rng(seed).random(parts.train.shape).astype(np.float32)
    of_luck: Any = SimpleNamespace(scores=lambda users: noise[users])
    weights, _ = choose_weights([ease, of_luck], parts.train, parts.validation)
    assert weights[0] >= 0.9


def test_a_search_tells_of_every_trial_and_finds_the_best(parts: Split) -> None:
    seen: list[str] = []
    found = search(
        parts.train, parts.validation, 0, trials=1, on_trial=lambda trial: seen.append(trial.model)
    )
    assert list(Counter(seen).items()) == [
        ("session-knn", 4), ("rp3beta", 11), ("ease", 11), ("near-ease", 7), ("ials", 7),
        ("softmax", 2),
        ("lightfm", 1), ("blend", 1),
    ]  # fmt: skip
    assert [trial.model for trial in found.trials] == seen
    task = discovery(parts.train, parts.validation)
    for best in found.best.values():
        of_type = [trial for trial in found.trials if trial.model == best.name]
        figure = evaluate_scorer(best, task).means()["ndcg_at_10"]
        assert figure == max(trial.ndcg_at_10 for trial in of_type)
    lightfm = next(trial for trial in found.trials if trial.model == "lightfm")
    assert lightfm.ndcg_at_10 == max(figure for _, figure in lightfm.curve)
    assert (found.best["lightfm"].settings()["epochs"], lightfm.ndcg_at_10) in lightfm.curve


def test_two_searches_at_a_time_find_the_same_bits_each_time(parts: Split) -> None:
    one, two = (search(parts.train, parts.validation, 3) for _ in range(2))
    assert one.trials == two.trials
    assert len({trial.settings["averaged"] for trial in one.trials if trial.curve}) == 2
    assert digest(one.blend.arrays()) == digest(two.blend.arrays())


def test_stopping_early_is_training_for_fewer_epochs(parts: Split) -> None:
    at_six: list[np.ndarray] = []

    def stop(epoch: int, model: Hybrid) -> bool:
        at_six.extend([model.scores(np.array([0]))] if epoch == 6 else [])
        return epoch == 6

    LIGHTFM.fit_watched(parts.training, 5, 3, stop)
    whole = replace(LIGHTFM, epochs=6).fit(parts.training, 5)
    np.testing.assert_array_equal(at_six[0], whole.scores(np.array([0])))


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_a_model_of_fewer_users_answers_them_as_it_did_and_holds_no_others(
    model: Model, parts: Split
) -> None:
    fitted = model.fit(parts.training, seed=7)
    everyone = _everyone(parts.training)
    some = np.delete(everyone, 3)
    fewer = type(model).from_arrays(fitted.of_users(some).arrays())
    np.testing.assert_array_equal(fewer.scores(np.arange(len(some))), fitted.scores(some))
    rows = [len(array) for name, array in fewer.arrays().items() if name.endswith(OF_USERS)]
    rows += [array[0] for name, array in fewer.arrays().items() if name.endswith(OF_PLAYS)]
    assert set(rows) == ({len(some)} if model.name != "popularity" else set())


OF_USERS = ("user_factors", "nothing_known")
OF_PLAYS = ("played.shape", "weights.shape")


def test_files_name_settings_as_they_always_have(parts: Split) -> None:
    """Models that an earlier version registered are read by these names."""
    names = {
        Ease: {"ridge", "most", "graded", "half_life"},
        Hybrid: {"dimensions", "rate", "sampled", "epochs", "neighbours", "averaged"},
        Softmax: {"dimensions", "prior", "passes", "most"},
    }
    for model in (Ease(), LIGHTFM, SOFTMAX):
        arrays = model.fit(parts.train, 0).arrays()
        assert {name for name, array in arrays.items() if array.shape == ()} == names[type(model)]


def test_a_setting_that_an_earlier_version_did_not_have_is_at_its_default(parts: Split) -> None:
    fitted = Ease(regularization=5.0).fit(parts.train, 0)
    earlier = {name: array for name, array in fitted.arrays().items() if name != "half_life"}
    everyone = _everyone(parts.train)
    again = Ease.from_arrays(earlier).scores(everyone)
    np.testing.assert_array_equal(again, fitted.scores(everyone))
