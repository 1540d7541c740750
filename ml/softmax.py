"""A softmax over all tracks: P(track | user) itself, by factors of ids and metadata.

Where WARP asks only for the right order, this fits the probabilities of what is played (a
multinomial likelihood with Gaussian priors), which is the better use of few listens of long tails.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.sparse import csr_matrix, diags, hstack
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.errors import NotFitted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from ml.interactions import Features, Floats, Interactions, Ints
    from ml.model import Arrays

_SETTINGS: dict[str, Callable[[Any], Any]] = {
    "dimensions": int,
    "prior": float,
    "bias_prior": float,
    "passes": int,
    "most": int,
}
_CHUNK = 2_000
_RATE, _MOMENTUM, _SCALE = 0.05, 0.9, 0.99  # Adam's


@dataclass(frozen=True, slots=True, eq=False)
class Softmax:
    """Log-probabilities up to a user's constant: bias + factors times factors."""

    dimensions: int = 32
    prior: float = 20.0
    """How strongly factors are held at zero: the weight of so many listens."""
    bias_prior: float = 0.5
    passes: int = 60
    most: int = 8_000
    """Each pass costs users x so many tracks, the most played ones."""
    user_factors: Floats | None = None
    track_factors: Floats | None = None
    track_biases: Floats | None = None

    @property
    def name(self) -> str:
        """`softmax`."""
        return "softmax"

    def settings(self) -> dict[str, float]:
        """Return the hyper-parameters."""
        return {name: getattr(self, name) for name in _SETTINGS}

    def fit(self, data: Interactions, seed: int) -> Self:
        """Climb the posterior with Adam, on all users each pass, on one thread."""
        plays = data.plays.copy()
        plays.data = np.log2(1 + plays.data)
        listeners = np.bincount(plays.indices, minlength=data.shape[1])
        shown = np.sort(np.argsort(-listeners, kind="stable")[: self.most])
        shown = shown[listeners[shown] > 0]
        users = _side(data.shape[0], data.user_features)
        tracks = _side(data.shape[1], data.track_features)
        heard = np.diff(plays.indptr) > 0
        rng = np.random.default_rng(seed)
        parameters = {
            "user": _small(rng, users.shape[1], self.dimensions),
            "track": _small(rng, tracks.shape[1], self.dimensions),
            "bias": np.zeros((tracks.shape[1], 1), np.float32),
        }
        with threadpool_limits(1, user_api="blas"):
            problem = _Problem(plays[heard][:, shown].tocsr(), users[heard], tracks[shown])
            _climb(problem, parameters, self)
        return replace(
            self,
            user_factors=users @ parameters["user"],
            track_factors=tracks @ parameters["track"],
            track_biases=(tracks @ parameters["bias"]).ravel(),
        )

    def scores(self, users: Ints) -> Floats:
        """Return factors times factors, and biases."""
        if self.user_factors is None or self.track_factors is None or self.track_biases is None:
            raise NotFitted(self.name)
        scores: Floats = self.user_factors[users] @ self.track_factors.T
        scores += self.track_biases
        return scores

    def of_users(self, users: Ints) -> Self:
        """Return the model that knows only these users."""
        if self.user_factors is None:
            raise NotFitted(self.name)
        return replace(self, user_factors=self.user_factors[users])

    def arrays(self) -> Arrays:
        """Return the settings and the factors."""
        if self.user_factors is None or self.track_factors is None or self.track_biases is None:
            raise NotFitted(self.name)
        return {name: np.array(getattr(self, name)) for name in _SETTINGS} | {
            "user_factors": self.user_factors,
            "track_factors": self.track_factors,
            "track_biases": self.track_biases,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Return the model that `arrays()` came from."""
        learned = ("user_factors", "track_factors", "track_biases")
        settings: dict[str, Any] = {name: kind(arrays[name]) for name, kind in _SETTINGS.items()}
        return cls(**settings | {name: arrays[name] for name in learned})


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    plays: csr_matrix
    users: csr_matrix
    tracks: csr_matrix

    def slopes(self, parameters: dict[str, Floats]) -> dict[str, Floats]:
        """Return the slopes of the negative log-likelihood."""
        track = self.tracks @ parameters["track"]
        user = self.users @ parameters["user"]
        bias = (self.tracks @ parameters["bias"]).ravel()
        by_user = np.empty_like(user)
        by_track = np.zeros_like(track)
        expected = np.zeros_like(bias)
        for begin in range(0, len(user), _CHUNK):
            its = slice(begin, begin + _CHUNK)
            share = user[its] @ track.T
            share += bias
            share -= share.max(axis=1, keepdims=True)
            np.exp(share, out=share)
            played = np.asarray(self.plays[its].sum(axis=1)).ravel()
            share *= (played / share.sum(axis=1))[:, None]
            by_user[its] = share @ track - self.plays[its] @ track
            by_track += share.T @ user[its]
            expected += share.sum(axis=0)
        by_track -= self.plays.T @ user
        expected -= np.asarray(self.plays.sum(axis=0)).ravel()
        return {
            "user": self.users.T @ by_user,
            "track": self.tracks.T @ by_track,
            "bias": self.tracks.T @ expected[:, None],
        }


def _climb(problem: _Problem, parameters: dict[str, Floats], wanted: Softmax) -> None:
    """Move the parameters, in place, towards the most probable ones."""
    prior = {"user": wanted.prior, "track": wanted.prior, "bias": wanted.bias_prior}
    mean = {name: np.zeros_like(value) for name, value in parameters.items()}
    square = {name: np.zeros_like(value) for name, value in parameters.items()}
    for step in range(1, wanted.passes + 1):
        for name, slope in problem.slopes(parameters).items():
            downhill = slope + np.float32(prior[name]) * parameters[name]
            mean[name] += (1 - _MOMENTUM) * (downhill - mean[name])
            square[name] += (1 - _SCALE) * (downhill**2 - square[name])
            size = np.sqrt(square[name] / (1 - _SCALE**step)) + 1e-8
            parameters[name] -= (_RATE / (1 - _MOMENTUM**step) * mean[name] / size).astype("f4")


def _side(number: int, features: Features | None) -> csr_matrix:
    identity = diags(np.ones(number, np.float32)).tocsr()
    return (
        identity if features is None else hstack([identity, features.matrix]).astype("f4").tocsr()
    )


def _small(rng: np.random.Generator, number: int, dimensions: int) -> Floats:
    return rng.normal(0, 0.1, (number, dimensions)).astype(np.float32)
