"""Mixes: a playlist for each side of a user's taste, of tracks that go with one another.

A side is a cluster of the space of tracks (`factor_space.py`) that holds enough of what the user
plays. Its mix has tracks that the user plays first of all, and others of the same cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from ml.evaluation.ranking import best
from ml.playlists.playlist_kinds import MIX, PER_ARTIST, PLAYED_OFTEN, RECOMMENDED
from ml.playlists.selection import CANDIDATES, Selection, capped, joined, selection

if TYPE_CHECKING:
    from ml.data.interactions import Floats, Ints
    from ml.playlists.candidates import Candidates
    from ml.playlists.factor_space import Space

MOST = 4
FEWEST_TRACKS, LEAST_SHARE = 5, 0.1
"""Tracks of a cluster that a user played, and their share of all plays, that make another mix."""
FAMILIAR_SHARE = 2 / 3


def mixes(some: Candidates, space: Space, artists: Ints, k: int) -> Selection:
    """Choose the tracks of each user's mixes, the largest side of the taste first.

    Args:
        some: What may be given.
        space: The clusters of tracks.
        artists: Of each track, the number of its artist.
        k: Tracks of a playlist.

    Returns:
        One to four playlists of each user that played something.

    """
    sides = _sides(some, space)
    own = csr_matrix((some.played.again, (some.played.user, some.played.track)), some.scores.shape)
    nothing = np.zeros((0, k), np.int64)
    parts = [selection(MIX, some.rows[:0], nothing, PLAYED_OFTEN)]
    for cluster, pool in enumerate(space.pools):
        user = np.flatnonzero(sides[:, cluster])
        tracks, reason = _of_cluster(some, user, pool, own, artists, k)
        parts.append(selection(MIX, some.rows[user], tracks, reason, sides[user, cluster]))
    return joined(parts)


def _sides(some: Candidates, space: Space) -> Ints:
    """Return users x clusters: the number of the mix, 0 for none."""
    played, clusters = some.played, len(space.pools)
    cell = played.user * clusters + space.cluster[played.track]
    shape = some.users, clusters
    length = some.users * clusters
    tracks = np.bincount(cell, minlength=length).reshape(shape)
    weight = np.bincount(cell, np.log1p(played.plays), minlength=length).reshape(shape)
    share = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    order = np.argsort(-share, axis=1, kind="stable")
    number = np.empty(shape, np.int64)
    np.put_along_axis(number, order, np.broadcast_to(np.arange(1, clusters + 1), shape), axis=1)
    is_enough = (tracks >= FEWEST_TRACKS) & (share >= LEAST_SHARE)
    is_side = (number <= MOST) & (is_enough | (number == 1)) & (tracks > 0)
    # By their share from the largest on, so the numbers of what is left have no gap but these.
    sides = np.where(is_side, number, MOST + 1)
    rank = np.argsort(np.argsort(sides, axis=1, kind="stable"), axis=1, kind="stable") + 1
    return np.where(is_side, rank, 0)


def _of_cluster(  # noqa: PLR0913, PLR0917 - whose, of which tracks, by which scores
    some: Candidates, user: Ints, pool: Ints, own: csr_matrix, artists: Ints, k: int
) -> tuple[Ints, Ints]:
    """Return the tracks of the mixes that some users have of a cluster, and their reasons."""
    familiar = own[user][:, pool].toarray()
    familiar[familiar == 0] = -np.inf
    fresh = some.scores[np.ix_(user, pool)]
    chosen = _blended(familiar, fresh, artists[pool], k, min(len(pool), k * CANDIDATES))
    short = (chosen < 0).any(axis=1)
    if short.any() and len(pool) > k * CANDIDATES:
        chosen[short] = _blended(familiar[short], fresh[short], artists[pool], k, len(pool))
    is_own = np.isfinite(np.take_along_axis(familiar, np.maximum(chosen, 0), axis=1))
    tracks = np.where(chosen >= 0, pool[np.maximum(chosen, 0)], -1)
    return tracks, np.where(is_own, PLAYED_OFTEN, RECOMMENDED)


def _blended(familiar: Floats, fresh: Floats, artists: Ints, k: int, number: int) -> Ints:
    """Take two thirds from what is familiar, then what is fresh, then more of the familiar."""
    ranked = best(familiar, number)
    first = capped(ranked, artists, max(1, round(k * FAMILIAR_SHARE)), PER_ARTIST)
    rest = ranked.copy()
    is_first = (rest[:, :, None] == first[:, None, :]).any(axis=2)
    rest[is_first] = -1
    sequence = np.concatenate([first, best(fresh, number), rest], axis=1)
    return capped(sequence, artists, k, PER_ARTIST)
