"""The playlists of a trained model, measured on the time split that it is evaluated on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from ml.models.bundle import align
from ml.playlists.playlist_kinds import DISCOVER
from ml.playlists.playlist_maker import PlaylistMaker, space_for
from ml.playlists.playlist_measures import made_for, measures, test_users, turnover

if TYPE_CHECKING:
    from ml.data.interactions import Flags, Interactions
    from ml.data.listens import Listens
    from ml.lifecycle.holdout import Holdout
    from ml.models.bundle import Aligned, Bundle
    from ml.playlists.selection import Selection
    from ml.settings import MlSettings

HALF_LIFE_DAYS = 14
"""Of a play, as in the features."""


def playlist_metrics(
    bundle: Bundle, holdout: Holdout, is_new: Flags, settings: MlSettings
) -> dict[str, float]:
    """Measure the playlists of the cut-off by the week after it, and those of a day later.

    Args:
        bundle: A trained model, or a baseline.
        holdout: What was known at the cut-off, and the listens after it.
        is_new: Of each track, whether it was new at the cut-off.
        settings: The length of a playlist, and the seed of the intervals.

    Returns:
        The values by name, each beginning with its kind.

    """
    users = test_users(holdout.test)
    if not len(users):
        return {}
    at, day = holdout.snapshot.as_of, timedelta(days=1)
    scorer = align(bundle, holdout.training, holdout.baseline)
    first = _maker(scorer, holdout.training, holdout, is_new, settings)
    metrics = measures(first, holdout.test, settings.seed)
    later = known_before(holdout.listens, at + day)
    second = _maker(align(bundle, later), later, holdout, is_new, settings)
    before = made_for(first, users)
    shown = shown_by(before, second.data)
    second = replace(second, shown=shown, now=first.now + np.timedelta64(day))
    return metrics | turnover(before, made_for(second, users))


def known_before(listens: Listens, until: datetime) -> Interactions:
    """Add up the listens before an instant, with their decay as the features have it."""
    assert listens.at is not None
    before = listens.at < np.datetime64(until, "us")
    data = listens.only(before, until=np.datetime64(until, "us"))
    days = np.datetime64(until, "D") - listens.at[before].astype("datetime64[D]")
    cell = listens.user[before].astype(np.int64) * data.shape[1] + listens.track[before]
    pair = np.unique(cell, return_inverse=True)[1]
    decay = 0.5 ** (days.astype(np.int64) / HALF_LIFE_DAYS)
    decayed = np.bincount(pair, decay * listens.plays[before], minlength=data.plays.nnz)
    return replace(data, decayed=decayed.astype(np.float32))


def shown_by(playlists: Selection, data: Interactions) -> csr_matrix:
    """Return users x tracks: stored where `discover` shows the track."""
    its = playlists.of(np.flatnonzero(playlists.kind == DISCOVER))
    row, place = np.nonzero(its.tracks >= 0)
    cells = np.ones(len(row), np.bool_), (its.user[row], its.tracks[row, place])
    return csr_matrix(cells, shape=data.shape)


def _maker(
    scorer: Aligned, data: Interactions, holdout: Holdout, is_new: Flags, settings: MlSettings
) -> PlaylistMaker:
    artists = holdout.snapshot.artists
    return PlaylistMaker(
        scorer=scorer,
        data=data,
        artists=artists,
        space=space_for(scorer, artists, settings.playlist_tracks),
        is_new=is_new,
        shown=csr_matrix(data.shape, dtype=np.bool_),
        now=np.datetime64(holdout.snapshot.as_of, "us"),
        tracks=settings.playlist_tracks,
    )
