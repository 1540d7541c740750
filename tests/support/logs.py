"""Small logs with a taste in them: users of a group play the tracks of that group."""

import numpy as np
from scipy.sparse import csr_matrix

from ml.data.interactions import Features
from ml.data.listens import Listens

USERS, TRACKS, GROUPS = 80, 60, 4


def grouped_log(seed: int = 0, *, cold: int = 4, timed: bool = True) -> Listens:
    """Draw listens; the last `cold` tracks are never played, but their group is known."""
    rng = np.random.default_rng(seed)
    group_of_track = np.arange(TRACKS) % GROUPS
    user, track = [], []
    for who in range(USERS):
        own = np.flatnonzero(group_of_track[: TRACKS - cold] == who % GROUPS)
        chosen = rng.choice(own, 10, replace=False)
        strays = rng.choice(TRACKS - cold, 2)
        for which in (*chosen, *strays):
            user.append(who)
            track.append(which)
    listens = len(user)
    seconds = rng.integers(0, 100 * 86_400, listens)
    return Listens(
        users=np.arange(USERS) + 1000,
        tracks=np.array([f"t{number:03}" for number in range(TRACKS)]),
        user=np.array(user),
        track=np.array(track),
        plays=rng.integers(1, 6, listens).astype(np.float32),
        at=np.datetime64("2026-01-01", "us") + seconds.astype("timedelta64[s]") if timed else None,
        track_features=Features(
            tuple(f"group={number}" for number in range(GROUPS)),
            csr_matrix(np.eye(GROUPS, dtype=np.float32)[group_of_track]),
        ),
    )
