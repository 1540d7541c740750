"""Posterior of a softmax's parameters: a mean and a variance of each, not one best point.

Mean-field variational inference: each parameter is normal by itself. By Jensen's inequality the
normaliser of uncertain factors is at most that of certain ones in three times the dimensions
(`_beside`); Adam lowers the bound. One best point overfits where listens are few.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix, diags, hstack

from ml.models.softmax.adam import Adam

if TYPE_CHECKING:
    from ml.data.interactions import Features, Floats, Ints

Parameters = dict[str, "Floats"]

_CHUNK = 128  # users at a time: their scores of all tracks stay near the processor
_RATE = 0.1
_FIRST = 0.1  # spread of the means that are drawn, and every variance
_FIRST_PRIOR = 4.0  # where it is learned
_UNLEARNED, _EACH = 0.3, 5  # share of the epochs with the first priors; epochs between updates


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Users, or tracks, by what they are: an identity, and values of metadata."""

    matrix: csr_matrix
    kinds: Ints
    """Of each column: 0 for identities, and a number for each column of metadata."""

    @classmethod
    def of(cls, number: int, features: Features | None) -> Side:
        """Set identities and metadata side by side."""
        identity = diags(np.ones(number, np.float32)).tocsr()
        if features is None:
            return cls(identity, np.zeros(number, np.int64))
        columns = [name.partition("=")[0] for name in features.names]
        _, kinds = np.unique(columns, return_inverse=True)
        both = hstack([identity, features.matrix]).astype(np.float32).tocsr()
        return cls(both, np.concatenate([np.zeros(number, np.int64), 1 + kinds]))

    def only(self, rows: Ints) -> Side:
        """Return some of the users or tracks."""
        return Side(self.matrix[rows], self.kinds)

    def groups(self) -> list[Ints]:
        """Return the columns of each kind, those left out of which no row is."""
        seen = np.asarray(self.matrix.sum(axis=0)).ravel() > 0
        return [np.flatnonzero(seen & (self.kinds == kind)) for kind in np.unique(self.kinds[seen])]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Users x tracks, and what is known of both: every user and track has a play."""

    plays: csr_matrix
    users: Side
    tracks: Side
    values: Floats
    """Tracks x values: 1 where a track has a value that each user likes differently."""
    exposure: Floats
    """The share of the time in which each track could be played."""


def infer(problem: Problem, components: int, prior: float, epochs: int, seed: int) -> Parameters:
    """Return the means: factors of users and tracks, likings of values, and biases.

    `prior` holds factors at zero like so many listens. If 0, priors are learned, of each kind of
    metadata and each dimension, from the parameters they hold: dimensions that idle vanish.

    Args:
        problem: the plays, and what is known of users and tracks.
        components: dimensions of the factors.
        prior: how strongly factors are held at zero; 0: learned.
        epochs: steps of Adam.
        seed: of the first factors.

    """
    means = _first_means(problem, components, seed)
    logs = {f"{name} log": np.full_like(mean, np.log(_FIRST)) for name, mean in means.items()}
    priors = {name: np.ones_like(mean) for name, mean in means.items()}
    for name in ("user", "track"):
        priors[name] *= np.float32(prior or _FIRST_PRIOR)
    adam = Adam(means | logs)
    for step in range(1, epochs + 1):
        variances = {name: np.exp(logs[f"{name} log"]) for name in means}
        slopes = _slopes(problem, means, variances)
        for name, strength in priors.items():
            slopes[name] += strength * means[name]
            of_log = slopes[f"{name} log"]
            of_log += strength / 2
            of_log *= variances[name]
            of_log -= np.float32(0.5)
        adam.move(slopes, _RATE * min(1.0, 2 - 2 * step / (epochs + 1)))
        if not prior and step > _UNLEARNED * epochs and step % _EACH == 0:
            _learn(problem, priors, means, logs)
    return means


def _first_means(problem: Problem, components: int, seed: int) -> Parameters:
    """Draw the factors of all that is seen; the rest starts, and stays, at zero."""
    rng = np.random.default_rng(seed)
    users, tracks = problem.users.matrix.shape[1], problem.tracks.matrix.shape[1]
    means: Parameters = {}
    for name, side in (("user", problem.users), ("track", problem.tracks)):
        drawn = rng.normal(0, _FIRST, (side.matrix.shape[1], components)).astype(np.float32)
        drawn[np.asarray(side.matrix.sum(axis=0)).ravel() == 0] = 0
        means[name] = drawn
    liking = np.zeros((users, problem.values.shape[1]), np.float32)
    return means | {"liking": liking, "bias": np.zeros((tracks, 1), np.float32)}


def _slopes(problem: Problem, means: Parameters, variances: Parameters) -> Parameters:
    """Return the slopes of the expected negative log-likelihood, by means and by variances."""
    users, tracks, plays = problem.users.matrix, problem.tracks.matrix, problem.plays
    user, track = users @ means["user"], tracks @ means["track"]
    width = user.shape[1]
    left = _beside(
        [user, users @ variances["user"], user**2 / 2],
        users @ (means["liking"] + variances["liking"] / 2),
    )
    spread = tracks @ variances["track"]
    right = _beside([track, (track**2 + spread) / 2, spread], problem.values)
    bias = (tracks @ (means["bias"] + variances["bias"] / 2)).ravel() + np.log(problem.exposure)
    by_left, by_right, expected = _expected(plays, left, right, bias)
    by_user, by_spread, by_square, by_liking = np.split(
        by_left, [width, 2 * width, 3 * width], axis=1
    )
    of_track, of_square, of_spread = np.split(by_right[:, : 3 * width], 3, axis=1)
    played = np.asarray(plays.sum(axis=0)).ravel()
    return {
        "user": users.T @ (by_user + by_square * user - plays @ track),
        "user log": users.T @ by_spread,
        "liking": users.T @ (by_liking - plays @ problem.values),
        "liking log": users.T @ by_liking / 2,
        "track": tracks.T @ (of_track + of_square * track - plays.T @ user),
        "track log": tracks.T @ (of_square / 2 + of_spread),
        "bias": tracks.T @ (expected - played)[:, None],
        "bias log": tracks.T @ expected[:, None] / 2,
    }


def _beside(factors: list[Floats], last: Floats) -> Floats:
    """Set factors side by side: for u and t of variances v and w, ut + (vtt + wuu + vw) / 2."""
    return np.hstack([*factors, last]).astype(np.float32)


def _expected(
    plays: csr_matrix, left: Floats, right: Floats, bias: Floats
) -> tuple[Floats, Floats, Floats]:
    """Share each user's plays out by the softmax; add up both factors, and the plays, by it.

    Half of the users are on each of two threads, whatever the machine: the same bits everywhere.
    """
    total = np.asarray(plays.sum(axis=1)).ravel()
    middle = len(left) // 2
    with ThreadPoolExecutor(2) as pool:
        halves = [
            pool.submit(_expected_of, total[its], left[its], right, bias)
            for its in (slice(middle), slice(middle, None))
        ]
        (first, one, its), (second, other, theirs) = (half.result() for half in halves)
    return np.concatenate([first, second]), one + other, its + theirs


def _expected_of(
    total: Floats, left: Floats, right: Floats, bias: Floats
) -> tuple[Floats, Floats, Floats]:
    by_left, by_right, expected = np.empty_like(left), np.zeros_like(right), np.zeros_like(bias)
    for begin in range(0, len(left), _CHUNK):
        its = slice(begin, begin + _CHUNK)
        share = left[its] @ right.T
        share += bias
        share -= share.max(axis=1, keepdims=True)
        np.exp(share, out=share)
        share *= (total[its] / share.sum(axis=1))[:, None]
        by_left[its] = share @ right
        by_right += share.T @ left[its]
        expected += share.sum(axis=0)
    return by_left, by_right, expected


def _learn(problem: Problem, priors: Parameters, means: Parameters, logs: Parameters) -> None:
    """Set each prior to what best explains the parameters of its kind (empirical Bayes)."""
    for name, side in (
        ("user", problem.users), ("track", problem.tracks),
        ("liking", problem.users), ("bias", problem.tracks),
    ):  # fmt: skip
        for group in side.groups():
            square = means[name][group] ** 2 + np.exp(logs[f"{name} log"][group])
            priors[name][group] = 1 / square.mean(axis=0)
