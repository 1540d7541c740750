"""Synthetic logs of other shapes than the sparse ones: dense, of short sessions, of tagged artists.

Each has the shape of a real log on which a blend ended below its best part, or barely above it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from ml.data.interactions import Features
from ml.data.listens import Listens

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml.data.interactions import Instants


def films(rng: np.random.Generator, scale: float) -> Listens:
    """Few titles, many a user, known to all; tastes of few dimensions that genres half explain."""
    users, tracks = round(1_800 * scale), round(1_700 * max(scale, 0.4))
    genre = _several(rng, tracks, kinds=18, most=3)
    place = _length_one(genre @ rng.normal(size=(18, 6)) + 0.8 * rng.normal(size=(tracks, 6)))
    fame = rng.permutation(-1.1 * np.log(np.arange(1, tracks + 1) + 20))
    taste = _length_one(rng.normal(size=(users, 6)))
    sizes = np.clip(rng.lognormal(4.1, 0.8, users), 20, tracks // 3).astype(np.int64)
    return _drawn(rng, fame + 2.2 * taste @ place.T, sizes, genre, "genre")


def artists(rng: np.random.Generator, scale: float) -> Listens:
    """Fifty artists a user, of a long tail, in communities that their tags half explain."""
    users, tracks = round(3_000 * scale), round(4_000 * scale)
    community = rng.integers(40, size=tracks)
    place = rng.normal(size=(40, 16))[community] + 0.7 * rng.normal(size=(tracks, 16))
    place = _length_one(place)
    tags = _several(rng, tracks, kinds=120, most=4, near=community)
    fame = rng.normal(0, 1.2, tracks)
    homes = place[rng.integers(tracks, size=(users, 2))]
    share = np.exp(6 * homes[:, 0] @ place.T) + np.exp(6 * homes[:, 1] @ place.T)
    sizes = np.clip(rng.normal(45, 8, users), 10, 50).astype(np.int64)
    return _drawn(rng, fame + np.log(share), sizes, tags, "tag")


def sessions(rng: np.random.Generator, scale: float) -> Listens:
    """Short sessions of stations: each plays a rotation that a few hits of all stations join."""
    users, tracks = round(6_000 * scale), round(3_000 * scale)
    stations = max(4, tracks // 60)
    station = rng.integers(stations, size=users)
    rotation = np.full((stations, tracks), -6.0)
    for its in rotation:
        own = rng.choice(tracks, 90, replace=False)
        its[own] = -0.8 * np.log(np.arange(1, 91))
    hits = rng.normal(0, 0.4, tracks)
    sizes = np.clip(rng.lognormal(2.4, 0.5, users), 4, 60).astype(np.int64)
    return _drawn(rng, rotation[station] + hits, sizes)


def moving(rng: np.random.Generator, scale: float) -> Listens:
    """Weekly sessions at one of many stations; every third week a listener takes to another."""
    users, tracks = round(5_000 * scale), round(5_000 * scale)
    stations = max(4, tracks // 60)
    rotations = np.array([rng.choice(tracks, 90, replace=False) for _ in range(stations)])
    chance = np.arange(1, 91) ** -0.8
    user, track, day = [], [], []
    for own in range(users):
        homes = rng.choice(stations, 3, replace=False)
        for week in range(rng.integers(3, 10)):
            home = rng.integers(3) if rng.random() < 0.3 else week // 3 % 3
            its = rng.choice(rotations[homes[home]], rng.integers(2, 7), p=chance / chance.sum())
            user += [own] * len(its)
            track += its.tolist()
            day += [7 * week + rng.random()] * len(its)
    return Listens(
        users=np.arange(users),
        tracks=np.arange(tracks),
        user=np.array(user),
        track=np.array(track),
        plays=np.ones(len(user), np.float32),
        at=instants(day),
    )


def instants(days: list[float]) -> Instants:
    """Return the instants so many days after the begin of 2026."""
    return np.datetime64("2026-01-01", "us") + (np.array(days) * 86_400e6).astype("timedelta64[us]")


def _drawn(
    rng: np.random.Generator,
    likes: np.ndarray,
    sizes: np.ndarray,
    values: np.ndarray | None = None,
    name: str = "",
) -> Listens:
    """Draw so many tracks for each user, by the logarithm of their chance (Gumbel's trick)."""
    users, tracks = likes.shape
    order = np.argsort(-(likes + rng.gumbel(size=likes.shape)), axis=1)
    track = np.concatenate([its[:size] for its, size in zip(order, sizes, strict=True)])
    features = None
    if values is not None:
        names = tuple(f"{name}={number}" for number in range(values.shape[1]))
        features = Features(names, csr_matrix(values.astype(np.float32)))
    return Listens(
        users=np.arange(users),
        tracks=np.arange(tracks),
        user=np.repeat(np.arange(users), sizes),
        track=track,
        plays=rng.geometric(0.35, len(track)).astype(np.float32),
        track_features=features,
    )


def _several(
    rng: np.random.Generator, rows: int, kinds: int, most: int, near: np.ndarray | None = None
) -> np.ndarray:
    """Give each row one to `most` of the kinds; half of them by its community, if it has one."""
    values = np.zeros((rows, kinds))
    for row, number in enumerate(rng.integers(1, most + 1, rows)):
        values[row, rng.integers(kinds, size=number)] = 1
        if near is not None and rng.random() < 0.5:
            values[row, near[row] % kinds] = 1
    return values


def _length_one(rows: np.ndarray) -> np.ndarray:
    length_one: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return length_one


SHAPES: dict[str, Callable[[np.random.Generator, float], Listens]] = {
    "films": films,
    "artists": artists,
    "sessions": sessions,
    "moving": moving,
}
