"""Checks that a model can be used at all, before any evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml.errors import UnusableModel

if TYPE_CHECKING:
    from ml.data.interactions import Floats, Ids, Interactions
    from ml.models.bundle import Bundle

# A model of which most ids are unknown now was made from another app's data.
KNOWN_SHARE = 0.5
PROBED_USERS = 64


def require_usable(bundle: Bundle, data: Interactions) -> None:
    """Raise `UnusableModel` unless it is whole, knows ids of `data`, and tracks' scores differ."""
    _require_ids("users", bundle.users, data.users)
    _require_ids("tracks", bundle.tracks, data.tracks)
    listened = bundle.has_listened
    if not len(listened):
        raise UnusableModel("it has learned from no user")
    if listened.min() < 0 or listened.max() >= len(bundle.users):
        raise UnusableModel("it says that others than its users listened")
    for name, array in bundle.arrays().items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise UnusableModel(
                f"{name} holds {np.count_nonzero(~np.isfinite(array)):,} NaN or inf"
            )
    probed = listened[:: max(1, len(listened) // PROBED_USERS)][:PROBED_USERS]
    try:
        scores = bundle.model.scores(probed)
    except (ValueError, IndexError, TypeError) as error:
        raise UnusableModel(f"it can't score: {error}") from error
    _require_scores(scores, len(probed), len(bundle.tracks))


def _require_ids(which: str, ids: Ids, known: Ids) -> None:
    if ids.ndim != 1 or not len(ids):
        raise UnusableModel(f"it has no {which}")
    if len(np.unique(ids)) < len(ids):
        raise UnusableModel(f"some of its {which} are there twice")
    share = float(np.isin(ids, known).mean())
    if share < KNOWN_SHARE:
        raise UnusableModel(f"only {share:.0%} of its {which} are known here")


def _require_scores(scores: Floats, users: int, tracks: int) -> None:
    if scores.shape != (users, tracks):
        raise UnusableModel(f"its scores are {scores.shape}, not {(users, tracks)}")
    if np.isnan(scores).any() or np.isposinf(scores).any():
        raise UnusableModel("its scores hold NaN or infinity")
    if tracks > 1 and (np.ptp(scores, axis=1) == 0).all():
        raise UnusableModel("it scores every track alike")
