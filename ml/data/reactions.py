"""Likes and skips: how they change what a pair of user and track says of a taste."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

if TYPE_CHECKING:
    import numpy.typing as npt

    from ml.data.interactions import Floats, Instants, Ints

LIKE, UNLIKE, SKIP = range(3)
KINDS = ("like", "unlike", "skip")
LIKE_WEIGHT = 1.0
"""A like says as much as a play of the user's usual weight, as `feature_user_track` has it."""


@dataclass(frozen=True, slots=True, eq=False)
class Reactions:
    """Users x tracks: what users said of tracks until a cut-off."""

    liked: csr_matrix
    """1 where a user likes a track."""
    skips: csr_matrix
    """How often a user skipped a track."""

    def added_to(self, strength: csr_matrix, plays: csr_matrix, most: float) -> csr_matrix:
        """Add likes to what each pair says, and take skips from it; other pairs stay as they are.

        Args:
            strength: Users x tracks, stored where `plays` is.
            plays: Users x tracks: how often.
            most: What a pair says at most.

        Returns:
            Users x tracks, stored where a track was played or is liked.

        """
        if self.liked.nnz:
            strength = (strength + LIKE_WEIGHT * self.liked).tocsr()
            np.minimum(strength.data, np.float32(most), out=strength.data)
        if not self.skips.nnz:
            return strength
        row, column = self.skips.nonzero()
        kept = self.kept(row, column, np.asarray(plays[row, column]).ravel())
        lost = _cells(row, column, (1 - kept) * np.asarray(strength[row, column]).ravel(), plays)
        lost.eliminate_zeros()  # where nothing is stored there is nothing to lose
        less: csr_matrix = (strength - lost).tocsr()
        return less

    def kept(self, user: Ints, track: Ints, plays: Floats) -> Floats:
        """Return what skips leave of each pair: (1 + plays) / (1 + plays + skips).

        Args:
            user: Of each pair, its row.
            track: Of each pair, its column.
            plays: Of each pair.

        Returns:
            A factor per pair, 1 without a skip.

        """
        skips = np.asarray(self.skips[user, track]).ravel()
        kept: Floats = ((1 + plays) / (1 + plays + skips)).astype(np.float32)
        return kept

    def disliked(self, plays: csr_matrix) -> csr_matrix:
        """Return users x tracks: stored where skips are all that a user did with a track."""
        row, column = self.skips.nonzero()
        known = np.asarray(plays[row, column] + self.liked[row, column]).ravel() > 0
        ones = np.ones(int((~known).sum()), np.float32)
        return _cells(row[~known], column[~known], ones, plays)


@dataclass(frozen=True, slots=True, eq=False)
class Reported:
    """Events of feedback, in the order in which they count."""

    user: Ints
    track: Ints
    kind: Ints
    """By its place in `KINDS`."""
    at: Instants

    def before(self, until: np.datetime64, shape: tuple[int, int]) -> Reactions | None:
        """Return what was said before an instant; none: nothing."""
        early = self.at < until
        if not early.any():
            return None
        user, track, kind = self.user[early], self.track[early], self.kind[early]
        is_skip = kind == SKIP
        skips = csr_matrix(
            (np.ones(int(is_skip.sum()), np.float32), (user[is_skip], track[is_skip])), shape
        )
        return Reactions(_liked(user[~is_skip], track[~is_skip], kind[~is_skip], shape), skips)


def reactions_of(
    user: Ints, track: Ints, liked: npt.NDArray[np.bool_], skips: Ints, shape: tuple[int, int]
) -> Reactions | None:
    """Return the reactions of pairs of user and track, each given once.

    Args:
        user: Of each pair, its row; below 0: unknown, and left out.
        track: Of each, its column; the same.
        liked: Of each, whether the user likes the track.
        skips: Of each, how often the user skipped it.
        shape: Numbers of users and of tracks.

    Returns:
        The reactions; none: there is no pair.

    """
    known = (user >= 0) & (track >= 0)
    if not known.any():
        return None
    parts = [
        csr_matrix((value[kept].astype(np.float32), (user[kept], track[kept])), shape)
        for value, kept in ((liked, known & liked), (skips, known & (skips > 0)))
    ]
    return Reactions(*parts)


def _liked(user: Ints, track: Ints, kind: Ints, shape: tuple[int, int]) -> csr_matrix:
    """Return 1 where the last of the events of a pair is a like."""
    cell = user.astype(np.int64) * shape[1] + track
    last = len(cell) - 1 - np.unique(cell[::-1], return_index=True)[1]
    its = last[kind[last] == LIKE]
    return csr_matrix((np.ones(len(its), np.float32), (user[its], track[its])), shape)


def _cells(row: Ints, column: Ints, value: Floats, like: csr_matrix) -> csr_matrix:
    cells: csr_matrix = csr_matrix((value, (row, column)), like.shape, dtype=np.float32)
    return cells
