"""Likes count for a taste and skips against it; pairs that nobody spoke of stay as they are."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from ml.data.interactions import Interactions, interactions
from ml.data.listens import Listens
from ml.data.reactions import LIKE, SKIP, UNLIKE, Reactions, Reported, reactions_of
from ml.models.baseline import Baseline
from ml.models.bundle import Bundle, align, trained
from ml.models.hybrid import Hybrid
from ml.models.model import Model
from ml.models.neighbourhood.ease import Ease
from ml.models.softmax.softmax import Softmax

USERS, TRACKS = np.arange(4), np.arange(5)
DAY = np.datetime64("2026-01-01", "us")
Pairs = Sequence[tuple[int, int]]


def _reactions(likes: Pairs = (), skips: Pairs = ()) -> Reactions | None:
    pairs = sorted({*likes, *skips})
    user, track = np.array(pairs or np.zeros((0, 2), int)).T
    liked = np.array([pair in likes for pair in pairs], np.bool_)
    return reactions_of(
        user, track, liked, np.array([skips.count(pair) for pair in pairs], int), (4, 5)
    )


def _data(reactions: Reactions | None = None) -> Interactions:
    """Users 0 and 1 played tracks 0, 1 and 2 once, user 2 tracks 2 and 3; user 3 nothing."""
    row, column = np.array([0, 0, 0, 1, 1, 1, 2, 2]), np.array([0, 1, 2, 0, 1, 2, 2, 3])
    return interactions(
        USERS, TRACKS, row, column, np.ones(8), last_played=np.full(8, DAY), reactions=reactions
    )


def test_a_like_adds_a_usual_weight_and_a_skip_takes_a_play_back() -> None:
    data = _data(_reactions([(0, 0), (3, 4), (0, 4)], [(0, 1), (0, 4), (1, 2), (1, 2), (2, 0)]))
    assert data.plays.toarray().tolist() == _data().plays.toarray().tolist()
    expected = [
        [2.0, 2 / 3, 1.0, 0.0, 0.5],
        [1.0, 1.0, 0.5, 0.0, 0.0],
        [0.0, 0.0, 1.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0],
    ]
    np.testing.assert_allclose(data.weights.toarray(), expected, rtol=1e-6)
    assert data.weights.has_sorted_indices
    assert (data.weights.data > 0).all()


def test_a_pair_says_no_more_than_three() -> None:
    plays = np.array([99, *[1] * 20])
    user, track = np.zeros(21, int), np.arange(21)
    reactions = reactions_of(np.array([0]), np.array([0]), np.array([True]), np.array([0]), (1, 21))
    data = interactions(np.array([0]), track, user, track, plays, reactions=reactions)
    assert data.weights[0, 0] == 3


@pytest.mark.parametrize("model", [Baseline(), Ease(), Softmax(epochs=3), Hybrid(epochs=1)])
def test_a_model_learns_from_a_like_and_without_one_to_the_bit_what_it_did(model: Model) -> None:
    learned = [trained(model, data, 0) for data in (_data(), _data(_reactions([(3, 2)])))]
    plain, liked = (one.model.scores(np.array([3]))[0] for one in learned)
    assert not np.array_equal(plain, liked)
    assert [list(one.has_listened) for one in learned] == [[0, 1, 2], [0, 1, 2, 3]]
    user, track = _data().plays.nonzero()
    quiet = Listens(USERS, TRACKS, user, track, np.ones(8, np.float32), np.full(8, DAY))
    reported = Reported(np.array([3]), np.array([2]), np.array([LIKE]), np.array([DAY]))
    asked = replace(quiet, reported=reported)
    for data in (quiet.only(until=DAY + 1), asked.only(), asked.only(until=DAY)):
        again = trained(model, data, 0).model.arrays()
        assert all(
            np.array_equal(array, again[name]) for name, array in learned[0].model.arrays().items()
        )
    assert not np.array_equal(
        trained(model, asked.only(until=DAY + 1), 0).model.scores(np.array([3]))[0], plain
    )


def test_the_newest_of_like_and_unlike_decides_and_a_cut_off_is_kept() -> None:
    events = [
        (0, 0, LIKE),
        (0, 0, UNLIKE),
        (1, 1, UNLIKE),
        (1, 1, LIKE),
        (0, 0, SKIP),
        (0, 0, SKIP),
    ]
    user, track, kind = np.array(events).T
    reported = Reported(user, track, kind, DAY + np.arange(6))
    known = reported.before(DAY + 5, (4, 5))
    assert known is not None
    assert known.liked.toarray().tolist() == _dense({(1, 1): 1})
    assert known.skips.toarray().tolist() == _dense({(0, 0): 1})
    first = reported.before(DAY + 1, (4, 5))
    assert first is not None
    assert first.liked.toarray().tolist() == _dense({(0, 0): 1})
    assert reported.before(DAY, (4, 5)) is None


@pytest.mark.parametrize("model", [Baseline(), Softmax(epochs=3)])
def test_what_a_user_only_skipped_stands_behind_all_other_tracks(model: Model) -> None:
    skips = [(2, 0), (2, 0), (2, 2), (1, 4)]
    data = _data(_reactions([(1, 4)], skips))
    bundle = trained(model, data, 0)
    scores, before = (
        align(one, its).scores(np.arange(4)) for one, its in ((bundle, data), (bundle, _told(data)))
    )
    assert scores[2].argmin() == 0
    assert scores[2, 0] < before[2].min()
    scores[2, 0] = before[2, 0]
    np.testing.assert_array_equal(scores, before, "what was played or liked too stays in its place")


def test_tracks_that_no_model_knows_stay_unranked() -> None:
    data = _data(_reactions([], [(2, 4)]))
    bundle = Bundle(trained(Softmax(epochs=3), data, 0).model, USERS, TRACKS + 10, USERS)
    assert np.isneginf(align(bundle, data).scores(np.array([2]))).all()


def _told(data: Interactions) -> Interactions:
    """The same weights, without word of why."""
    return replace(data, reactions=None)


def _dense(cells: dict[tuple[int, int], float]) -> list[list[float]]:
    dense = np.zeros((4, 5))
    for cell, value in cells.items():
        dense[cell] = value
    return dense.tolist()
