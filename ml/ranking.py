"""The best few of many scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ml.interactions import Floats, Ints


def best(scores: Floats, k: int) -> Ints:
    """Return each row's k columns of highest score, best first; -1 where none is left.

    A score of minus infinity is never chosen. Among equal scores the lower column comes first.
    """
    k = min(k, scores.shape[1])
    chosen = np.sort(np.argpartition(scores, -k, axis=1)[:, -k:], axis=1)
    its = np.take_along_axis(scores, chosen, axis=1)
    order = np.argsort(-its, axis=1, kind="stable")
    ranked: Ints = np.take_along_axis(chosen, order, axis=1)
    ranked[np.take_along_axis(its, order, axis=1) == -np.inf] = -1
    return ranked
