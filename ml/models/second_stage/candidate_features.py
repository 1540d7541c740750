"""The features of a user's candidates: what the parts say, what is known of both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml.models.blend import standardised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csr_matrix

    from ml.data.interactions import Floats, Ints
    from ml.models.second_stage.track_facts import Metadata


def candidate_features(
    scores: Sequence[Floats],
    played: csr_matrix,
    facts: Floats,
    metadata: Metadata,
    candidates: Ints,
) -> Floats:
    """Return users x candidates x features.

    Args:
        scores: Users x tracks, the blend's first, then each part's, standardised.
        played: The users' plays.
        facts: Tracks x facts.
        metadata: Of the tracks.
        candidates: Users x candidates: columns of tracks, the blend's best first.

    Returns:
        Each score and its rank among the candidates; the facts; the user's number of tracks; for
        each column of metadata, how many of the user's plays share the track's values, and which
        share of them.

    """
    shape = candidates.shape
    features = []
    for of_all in scores:
        its = np.take_along_axis(of_all, candidates, axis=1)
        features += [its, np.argsort(np.argsort(-its, axis=1, kind="stable"), axis=1)]
    features += list(np.moveaxis(facts[candidates], 2, 0))
    tracks = np.log1p(np.diff(played.indptr))
    features.append(np.broadcast_to(tracks[:, None], shape))
    plays = played.copy()
    plays.data = np.log1p(plays.data)
    for values in metadata.columns():
        own = (plays @ values).toarray()
        shared = _shared(own, values, candidates)
        features += [shared, shared / np.maximum(own.sum(axis=1, keepdims=True), 1)]
    return np.stack([np.asarray(one, np.float32) for one in features], axis=2)


def _shared(own: Floats, values: csr_matrix, candidates: Ints) -> Floats:
    """Add up what each user has of the values of each candidate."""
    its = values[candidates.ravel()]
    row = np.repeat(np.arange(candidates.size), np.diff(its.indptr))
    user = row // candidates.shape[1]
    added = np.bincount(row, own[user, its.indices], minlength=candidates.size)
    return added.reshape(candidates.shape).astype(np.float32)


def whole_scores(parts: Sequence[Floats], weights: Sequence[float]) -> list[Floats]:
    """Return the blend's scores, and then each part's, all standardised."""
    scores = [standardised(one) for one in parts]
    blend = np.add.reduce([np.float32(w) * one for w, one in zip(weights, scores, strict=True)])
    return [blend, *scores]
