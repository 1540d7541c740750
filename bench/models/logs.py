"""Synthetic sparse logs, to which the settings of `evaluate` are not tuned.

Each has the shape of a real log on which plain WARP lags behind neighbours and EASE: some 25 tracks
a user, no track known to many, and taste that is local. They differ in where that comes from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from ml.data.listens import Listens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Tracks = np.ndarray

USERS, TRACKS, PER_USER = 6_556, 6_495, 24.0
STRAYS = 0.1
"""Share of what is played that has nothing to do with taste."""


def log(name: str, seed: int, scale: float = 1.0) -> Listens:
    """Draw one of `LOGS`; a scale of 0.25 has a quarter of the users and of the tracks."""
    rng = np.random.default_rng(seed)
    users, tracks = round(USERS * scale), round(TRACKS * scale)
    many = rng.lognormal(0, 0.7, users)
    sizes = np.maximum(3, many * (users * PER_USER / many.sum())).astype(np.int64)
    drawn = []
    for size, own in zip(sizes, LOGS[name](rng, tracks, sizes), strict=True):
        strays = rng.integers(tracks, size=rng.binomial(size, STRAYS))
        drawn.append(np.unique(np.concatenate([own, strays])))
    return Listens(
        users=np.arange(users),
        tracks=np.arange(tracks),
        user=np.repeat(np.arange(users), [len(its) for its in drawn]),
        track=np.concatenate(drawn),
        plays=rng.geometric(0.35, sum(map(len, drawn))).astype(np.float32),
    )


def albums(rng: np.random.Generator, tracks: int, sizes: np.ndarray) -> Iterator[Tracks]:
    """Artists in scenes: who likes two scenes plays parts of what their artists made."""
    made = np.minimum(1 + rng.geometric(1 / 7, tracks), 41)
    artist = np.repeat(np.arange(tracks), made)[:tracks]
    of = np.split(np.arange(tracks), np.flatnonzero(np.diff(artist)) + 1)
    scenes = max(4, len(of) // 15)
    scene = rng.integers(scenes, size=len(of))
    fame, appeal = rng.lognormal(0, 0.5, len(of)), rng.lognormal(0, 0.6, tracks)
    for size in sizes:
        chance = fame * np.where(np.isin(scene, rng.choice(scenes, 2, replace=False)), 1, 0.02)
        order = rng.choice(len(of), min(size, len(of)), replace=False, p=chance / chance.sum())
        own: list[int] = []
        for which in order:
            its = of[which]
            number = max(1, rng.binomial(len(its), rng.beta(1.2, 1.5)))
            liked = appeal[its] / appeal[its].sum()
            own.extend(rng.choice(its, number, replace=False, p=liked))
            if len(own) >= size:
                break
        yield np.array(own[:size])


def playlists(rng: np.random.Generator, tracks: int, sizes: np.ndarray) -> Iterator[Tracks]:
    """Lists of tracks that lie close in a space without names; users play parts of near lists."""
    place = rng.normal(size=(tracks, 3))
    near = cKDTree(place)
    lists = [
        rng.choice(near.query(place[rng.integers(tracks)], 40)[1], 6 + rng.poisson(10))
        for _ in range(tracks // 4)
    ]
    near_lists = cKDTree([place[its].mean(axis=0) for its in lists])
    for size in sizes:
        homes = place[rng.integers(tracks, size=2)]
        own: dict[int, None] = {}
        while len(own) < size:
            about = homes[rng.integers(2)] + rng.normal(0, 0.2, 3)
            its = lists[rng.choice(near_lists.query(about, 3)[1])]
            number = max(1, int(len(its) * rng.beta(2, 2)))
            own.update(dict.fromkeys(rng.choice(its, number, replace=False).tolist()))
        yield np.array(list(own)[:size])


def tastes(rng: np.random.Generator, tracks: int, sizes: np.ndarray) -> Iterator[Tracks]:
    """A sharp softmax in 24 dimensions, where tracks come in bunches of seven."""
    bunches = rng.normal(size=(max(2, tracks // 7), 24))
    bunch = bunches[rng.integers(len(bunches), size=tracks)]
    place = bunch + 0.45 * rng.normal(size=(tracks, 24))
    place /= np.linalg.norm(place, axis=1, keepdims=True)
    fame = rng.normal(0, 0.6, tracks)
    for size in sizes:
        centres = place[rng.integers(tracks, size=1 + rng.integers(4))]
        share = np.exp(13 * (centres @ place.T) + fame)
        chance = (share / share.sum(axis=1, keepdims=True)).mean(axis=0)
        yield rng.choice(tracks, size, replace=False, p=chance / chance.sum())


LOGS: dict[str, Callable[[np.random.Generator, int, np.ndarray], Iterator[Tracks]]] = {
    "albums": albums,
    "playlists": playlists,
    "tastes": tastes,
}
