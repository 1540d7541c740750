"""What is played next: repeats of one's past, and draws from P(track | user)."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from api.source.world.choosing import REPEAT_PROBABILITY, Shelf, follow, fresh_draws, repeat_lags
from api.source.world.factors import directions
from api.source.world.parameters import GENRES, microseconds
from api.source.world.taste import Taste, listen_probability

NOW = datetime(2026, 7, 1)
LATER = datetime(2026, 8, 1)


@pytest.fixture(scope="module")
def taste() -> Taste:
    """Three users and 340 tracks, of which every tenth is not released yet."""
    rng = np.random.default_rng(1)
    tracks = 20 * len(GENRES)
    released = np.full(tracks, microseconds(NOW))
    released[::10] = microseconds(LATER)
    return Taste(
        affinity=rng.dirichlet(np.full(len(GENRES), 0.5), 3).astype(np.float32),
        user_factors=directions(rng, 3),
        activity=np.ones(3),
        signed_up=np.zeros(3, np.int64),
        genre=rng.permutation(np.arange(tracks) % len(GENRES)),
        popularity=rng.random(tracks) + 0.01,
        track_factors=directions(rng, tracks),
        seconds=np.full(tracks, 200),
        released=released,
    )


def test_probabilities_sum_to_one_over_the_released_tracks(taste: Taste) -> None:
    probability = listen_probability(taste, [1, 2, 3], NOW)

    assert probability.shape == (3, 340)
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-5)
    assert (probability[:, ::10] == 0).all()
    assert (listen_probability(taste, [2], LATER) > 0).all()


def test_draws_have_the_frequencies_of_their_probability(taste: Taste) -> None:
    number = 100_000
    user = np.repeat(np.arange(3), number)
    at = np.full(3 * number, microseconds(NOW))

    drawn = fresh_draws(taste, Shelf.of(taste), np.random.default_rng(2), user, at)

    counts = np.stack([np.bincount(drawn[user == row], minlength=340) for row in range(3)])
    expected = number * listen_probability(taste, [1, 2, 3], NOW)
    assert (counts[expected == 0] == 0).all()
    seen = expected > 5
    z = (counts[seen] - expected[seen]) / np.sqrt(expected[seen])
    assert abs(z).max() < 5
    assert z.std() == pytest.approx(1, abs=0.1)


def test_a_repeat_lies_within_what_was_played() -> None:
    before = np.tile(np.arange(50), 4000)

    lag = repeat_lags(np.random.default_rng(3), before)

    assert (lag[before == 0] == 0).all()
    assert (lag <= before).all()
    assert (lag[before > 0] > 0).mean() == pytest.approx(REPEAT_PROBABILITY, abs=0.01)


def test_the_lag_of_repeats_follows_a_power_law() -> None:
    lag = repeat_lags(np.random.default_rng(4), np.full(2_000_000, 100_000))
    counts = [(low <= lag) & (lag < 2 * low) for low in (100, 200, 400, 800, 1600)]

    # P(lag) ~ 1 / lag puts as many into each doubling
    shares = [count.sum() / counts[0].sum() for count in counts]
    assert shares == pytest.approx([1] * 5, abs=0.05)


def test_a_repeat_has_the_track_of_the_play_it_goes_back_to() -> None:
    # one user, two earlier plays; then a draw, its repeat, that one's repeat, and one of the past
    lag = np.array([0, 1, 1, 4])
    before = np.array([2, 3, 4, 5])
    past = np.array([71, 72], np.int32)

    decides, track = follow(lag, before, past, np.zeros(4, np.int64), np.full(4, 2))

    assert decides.tolist() == [0, 0, 0, 3]
    assert track.tolist() == [-1, -1, -1, 72]


def test_repeats_of_repeats_of_the_past_have_its_track() -> None:
    lag = np.array([1, 1, 3])
    before = np.array([1, 2, 3])

    _, track = follow(lag, before, np.array([9], np.int32), np.zeros(3, np.int64), np.ones(3, int))

    assert track.tolist() == [9, 9, 9]
