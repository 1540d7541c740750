"""A trained model answers for any users and tracks; the source of each score is known."""

import numpy as np
from scipy.sparse import csr_matrix

from ml.data.interactions import Features, Interactions, interactions
from ml.models.baseline import STRATEGIES
from ml.models.bundle import Bundle, align, trained
from ml.models.neighbourhood.knn import ItemKnn


def log(users: list[int], tracks: list[int], heard: list[tuple[int, int]]) -> Interactions:
    """Listens of users and tracks by their ids; every track is rock, user 9 likes rock."""
    row = [users.index(user) for user, _ in heard]
    column = [tracks.index(track) for _, track in heard]
    likes = csr_matrix(np.array([[user == 9] for user in users], np.float32))
    is_rock = csr_matrix(np.array([[track != 40] for track in tracks], np.float32))
    return interactions(
        np.array(users),
        np.array(tracks),
        np.array(row),
        np.array(column),
        np.ones(len(row)),
        user_features=Features(("favorite_genre=rock",), likes),
        track_features=Features(("genres=rock",), is_rock),
    )


def learned() -> Bundle:
    return trained(ItemKnn(), log([1, 2], [10, 20, 30], [(1, 10), (1, 20), (2, 20)]), seed=0)


def test_whom_the_model_knows_it_scores_and_a_new_track_it_does_not() -> None:
    bundle = learned()
    now = align(bundle, log([2, 9, 1], [10, 20, 30, 40], [(1, 10)]))
    scores = now.scores(np.array([0, 1, 2]))
    assert np.array_equal(scores[[0, 2], :3], bundle.model.scores(np.array([1, 0])))
    assert np.all(scores[[0, 2], 3] == -np.inf)
    assert np.array_equal(scores[1], now.baseline.scores(np.array([1]))[0])


def test_the_same_data_again_gives_the_models_own_scores() -> None:
    bundle = learned()
    same = align(bundle, log([1, 2], [10, 20, 30], [(1, 10)]))
    assert np.array_equal(same.scores(np.arange(2)), bundle.model.scores(np.arange(2)))


def test_each_score_tells_where_it_is_from() -> None:
    now = align(learned(), log([2, 9, 8], [10, 20, 30, 40], [(2, 10)]))
    row, column = np.array([0, 1, 1, 2]), np.array([0, 0, 3, 0])
    strategies = [STRATEGIES[by] for by in now.strategies(row, column)]
    assert strategies == ["model", "metadata", "popularity", "popularity"]
    assert now.strategies(row[:1], column[:1]).tolist() == [0]


def test_a_track_that_the_model_does_not_know_is_scored_by_the_baseline() -> None:
    now = align(learned(), log([2, 8], [10, 40, 50], [(2, 10), (8, 10), (8, 40)]))
    strategies = [STRATEGIES[by] for by in now.strategies(np.zeros(3, int), np.arange(3))]
    assert strategies == ["model", "neighbours", "metadata"]
