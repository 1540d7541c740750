"""The best few of many scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ml.data.interactions import Flags, Floats, Ints

# So many groups of columns for each one that is wanted. Where more columns than that pass the bar
# of a row, its scores are nearly all alike, and finding the few takes another way.
GROUPS = 8


def best(scores: Floats, k: int) -> Ints:
    """Return each row's k columns of highest score, best first; -1 where none is left.

    A score of minus infinity is never chosen. Among equal scores the lower column comes first.

    The k-th best of the maxima of groups of columns is a bar that at least k scores reach, and few
    others: two passes that the processor does many numbers at a time, where a partition of whole
    rows took longer than the product that the scores came from.
    """
    k = min(k, scores.shape[1])
    ranked = np.full((len(scores), k), -1, np.int64)
    passed = scores >= _bars(scores, k)[:, None]
    is_wide = np.count_nonzero(passed, axis=1) > GROUPS * k
    passed[is_wide] = False
    row, column = np.divmod(np.flatnonzero(passed), scores.shape[1])
    _place(ranked, scores, row, column, k)
    if is_wide.any():
        ranked[is_wide] = _by_partition(scores[is_wide], k)
    return ranked


def hits_of(is_relevant: Flags, shown: Ints) -> Flags:
    """Return which of the columns that `best` named are relevant; where it named none, none is."""
    hits: Flags = np.take_along_axis(is_relevant, np.maximum(shown, 0), axis=1) & (shown >= 0)
    return hits


def _bars(scores: Floats, k: int) -> Floats:
    """Return a score that at least k of each row reach: minus infinity where that is all known."""
    rows, columns = scores.shape
    groups = min(columns, GROUPS * k)
    size = columns // groups
    # Group g is columns g, g + groups, …: the innermost axis stays contiguous.
    step, cell = scores.strides
    grouped = np.lib.stride_tricks.as_strided(
        scores, (rows, size, groups), (step, groups * cell, cell), writeable=False
    )
    bars: Floats = np.partition(grouped.max(axis=1), -k, axis=1)[:, -k]
    return bars


def _by_partition(scores: Floats, k: int) -> Ints:
    ranked = np.full((len(scores), k), -1, np.int64)
    bars = np.partition(scores, -k, axis=1)[:, -k]
    for row, bar in enumerate(bars):
        above = np.flatnonzero(scores[row] > bar)
        equal = np.flatnonzero(scores[row] == bar)[: k - len(above)]
        column = np.sort(np.concatenate([above, equal]))
        _place(ranked[row : row + 1], scores[row : row + 1], np.zeros_like(column), column, k)
    return ranked


def _place(ranked: Ints, scores: Floats, row: Ints, column: Ints, k: int) -> None:
    """Write the best k of some cells, given row by row and by column, into their rows."""
    its = scores[row, column]
    is_score = its > -np.inf
    row, column, its = row[is_score], column[is_score], its[is_score]
    size = np.bincount(row, minlength=len(scores))
    place = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
    # A sort of short rows: one of all cells took three times as long.
    points = np.full((len(scores), size.max(initial=0)), np.inf, its.dtype)
    points[row, place] = -its
    columns = np.full(points.shape, -1)
    columns[row, place] = column
    order = np.argsort(points, axis=1, kind="stable")[:, :k]
    ranked[:, : order.shape[1]] = np.take_along_axis(columns, order, axis=1)
