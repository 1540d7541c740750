"""Samples of users, on which settings are compared before the best is trained on all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from ml.data.interactions import Features, Interactions
from ml.data.reactions import Reactions
from ml.evaluation.evaluation import discovery

if TYPE_CHECKING:
    from ml.data.interactions import Ints
    from ml.evaluation.evaluation import Task


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Some users: what a trial is fitted on, and what it is evaluated on."""

    share: float
    """Of all users."""
    train: Interactions
    task: Task


def sample(
    train: Interactions, validation: Interactions, share: float, at_most: int, seed: int
) -> Sample:
    """Draw a share of the users with their plays; a larger share has the users of a smaller one.

    Args:
        train: the plays to be fitted on.
        validation: the plays to be evaluated on.
        share: of the users.
        at_most: users to evaluate on, at most.
        seed: of the draw.

    """
    if share >= 1:
        return Sample(1.0, train, discovery(train, validation, at_most))
    users = train.shape[0]
    order = np.random.default_rng(seed).permutation(users)
    rows = np.sort(order[: max(1, round(share * users))])
    known = some_users(train, rows)
    return Sample(share, known, discovery(known, some_users(validation, rows), at_most))


def some_users(data: Interactions, rows: Ints) -> Interactions:
    """Return the interactions of these users, for all tracks."""
    place = csr_matrix(
        (np.arange(data.plays.nnz), data.plays.indices, data.plays.indptr), data.shape
    )
    cells = place[rows].data
    features, said = data.user_features, data.reactions
    return replace(
        data,
        users=data.users[rows],
        plays=data.plays[rows],
        weights=data.weights[rows],
        last_played=None if data.last_played is None else data.last_played[cells],
        reactions=None if said is None else Reactions(said.liked[rows], said.skips[rows]),
        decayed=None if data.decayed is None else data.decayed[cells],
        user_features=None
        if features is None
        else Features(features.names, features.matrix.tocsr()[rows]),
    )
