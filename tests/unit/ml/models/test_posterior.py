from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ml.data.interactions import interactions
from ml.data.splits import split
from ml.models.softmax.exposure import exposure
from ml.models.softmax.posterior import Problem, Side, _beside, _slopes, infer
from ml.models.softmax.softmax import Softmax
from tests.support.logs import GROUPS, TRACKS, grouped_log


def _problem() -> Problem:
    data = split(grouped_log(cold=0), "random", 0).training
    values = data.track_features
    assert values is not None
    return Problem(
        data.plays,
        Side.of(data.shape[0], None),
        Side.of(data.shape[1], values),
        values.matrix.toarray(),
        np.linspace(0.1, 1, TRACKS, dtype=np.float32),
    )


def _bound(problem: Problem, means: dict[str, Any], variances: dict[str, Any]) -> float:
    """The expected negative log-likelihood, whose slopes `_slopes` says."""
    users, tracks = problem.users.matrix, problem.tracks.matrix
    at = {name: side @ means[name].astype(float) for name, side in _sides(users, tracks)}
    of = {name: side @ variances[name].astype(float) for name, side in _sides(users, tracks)}
    score = at["user"] @ at["track"].T + at["liking"] @ problem.values.T + at["bias"].ravel()
    spread = of["user"] @ at["track"].T ** 2 + at["user"] ** 2 @ of["track"].T
    spread += of["user"] @ of["track"].T + of["liking"] @ problem.values.T + of["bias"].ravel()
    exponent = score + spread / 2 + np.log(problem.exposure)
    total = np.asarray(problem.plays.sum(axis=1)).ravel()
    return float(total @ np.log(np.exp(exponent).sum(axis=1)) - problem.plays.multiply(score).sum())


def _sides(users: Any, tracks: Any) -> list[tuple[str, Any]]:
    return [("user", users), ("track", tracks), ("liking", users), ("bias", tracks)]


@pytest.mark.parametrize("name", ["user", "track", "liking", "bias"])
@pytest.mark.parametrize("what", ["mean", "variance"])
def test_slopes_are_those_of_the_bound(name: str, what: str) -> None:
    problem, rng = _problem(), np.random.default_rng(1)
    sizes = {"user": 3, "track": 3, "liking": GROUPS, "bias": 1}
    rows = {key: side.shape[1] for key, side in _sides(problem.users.matrix, problem.tracks.matrix)}
    means: dict[str, Any] = {
        key: rng.normal(0, 0.5, (rows[key], size)) for key, size in sizes.items()
    }
    variances: dict[str, Any] = {
        key: rng.uniform(0.05, 0.5, (rows[key], size)) for key, size in sizes.items()
    }
    slope = _slopes(problem, means, variances)[name if what == "mean" else f"{name} log"][2, 0]
    moved = means if what == "mean" else variances
    bounds = []
    for step in (1e-4, -1e-4):
        nudged = moved[name].copy()
        nudged[2, 0] += step
        there = {**moved, name: nudged}
        bounds.append(
            _bound(problem, there, variances) if what == "mean" else _bound(problem, means, there)
        )
    assert slope == pytest.approx((bounds[0] - bounds[1]) / 2e-4, rel=1e-3, abs=1e-3)


def test_what_nobody_has_played_keeps_no_identity() -> None:
    data = split(grouped_log(), "random", 0).training
    assert data.track_features is not None
    tracks = Side.of(data.shape[1], data.track_features)
    shown = np.flatnonzero(np.bincount(data.plays.indices, minlength=TRACKS))
    problem = replace(
        _problem(),
        plays=data.plays[:, shown],
        tracks=tracks.only(shown),
        values=data.track_features.matrix[shown].toarray(),
        exposure=np.ones(len(shown), np.float32),
    )
    means = infer(problem, 4, 0.0, 10, 0)
    cold = np.arange(TRACKS - GROUPS, TRACKS)
    assert not means["track"][cold].any()
    assert not means["bias"][cold].any()
    assert means["track"][shown].all()


def test_dimensions_that_idle_vanish_where_priors_are_learned() -> None:
    learned, held = (infer(_problem(), 12, prior, 100, 0)["user"] for prior in (0.0, 1.0))
    assert np.abs(learned).max(axis=0).min() < 0.05
    assert np.abs(held).max(axis=0).min() > 0.2


def test_a_track_that_came_late_was_there_for_the_listens_since() -> None:
    day = np.datetime64("2026-01-01", "us") + np.arange(100).astype("timedelta64[D]")
    track = np.where(np.arange(100) < 50, 0, np.arange(100) % 2)
    data = interactions(
        np.arange(100), np.arange(3), np.arange(100), track, np.ones(100), last_played=day
    )
    there = exposure(data)
    assert there[0] == pytest.approx(1, abs=0.03)
    assert there[1] == pytest.approx(0.5, abs=0.03)
    assert there[2] == 1
    assert (exposure(replace(data, last_played=None)) == 1).all()


def test_one_late_listener_proves_no_novelty() -> None:
    day = np.datetime64("2026-01-01", "us") + np.arange(100).astype("timedelta64[D]")
    track = (np.arange(100) == 99).astype(np.int64)
    data = interactions(
        np.arange(100), np.arange(2), np.arange(100), track, np.ones(100), last_played=day
    )
    assert exposure(data)[1] > 0.15


def test_of_two_tracks_with_as_many_listeners_the_newer_is_the_likelier() -> None:
    number = np.arange(100)
    day = np.datetime64("2026-01-01", "us") + number.astype("timedelta64[D]")
    track = np.where(number % 2, 2, number // 50)
    data = interactions(number, np.arange(3), number, track, np.ones(100), last_played=day)
    model = Softmax(no_components=2, epochs=60)
    older, newer, _ = model.fit(data, 0).scores(np.array([0]))[0]
    assert newer > older + 0.3
    older, newer, _ = model.fit(replace(data, last_played=None), 0).scores(np.array([0]))[0]
    assert newer == pytest.approx(older, abs=0.1)


def test_factors_set_side_by_side_multiply_to_the_expected_exponent() -> None:
    rng = np.random.default_rng(0)
    u, t, v, w = 0.4, -0.7, 0.3, 0.2
    last: Any = np.zeros((1, 0))
    left = _beside(_cells(u, v, u * u / 2), last)
    right = _beside(_cells(t, (t * t + w) / 2, w), last)
    # Given the one, the exponent of the product with the other is known; the rest is Jensen's.
    drawn = np.exp(rng.normal(u, v**0.5, 400_000) * t).mean()
    alone = _beside(_cells(t, t * t / 2, 0.0), last)
    assert np.exp(float(left[0] @ alone[0])) == pytest.approx(drawn, rel=0.01)
    assert float(left[0] @ right[0]) == pytest.approx(u * t + (v * t * t + w * u * u + v * w) / 2)


def _cells(*numbers: float) -> list[Any]:
    return [np.array([[number]]) for number in numbers]
