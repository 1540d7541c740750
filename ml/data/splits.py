"""Splits of listens: training, validation and test interactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ml.errors import TooFewListens

if TYPE_CHECKING:
    import numpy.typing as npt

    from ml.data.interactions import Interactions, Ints
    from ml.data.listens import Listens

SplitKind = Literal["time", "user", "random"]

VALIDATION_SHARE, TEST_SHARE = 0.1, 0.2
LATEST_SHARE = 0.1
"""Test share of a time split: models are trained often, and need not see far ahead."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """The parts; all have the same users and tracks."""

    kind: SplitKind
    train: Interactions
    validation: Interactions
    training: Interactions
    """Train and validation together: the training interactions of the models that are tested."""
    test: Interactions


def split(listens: Listens, kind: SplitKind, seed: int) -> Split:
    """Hold out a tenth of the listens for validation, and a fifth for the test.

    `time`: the latest tenth is the test. `user`: each user's own latest tracks (drawn, where no
    instant is known). `random`: pairs of user and track, drawn. A pair is never in two parts of a
    `user` or `random` split; in a `time` split it may be: that is listening again.

    Args:
        listens: the log.
        kind: how it is split.
        seed: of a `user` or `random` split.

    Raises:
        TooFewListens: a part would be empty, or a `time` split has no instants.

    """
    if kind == "time":
        if listens.at is None:
            raise TooFewListens("a time split needs instants; --split user or random does without")
        first_of_validation, first_of_test = np.quantile(
            listens.at.astype(np.int64), [1 - VALIDATION_SHARE - LATEST_SHARE, 1 - LATEST_SHARE]
        ).astype(np.int64)
        unit = listens.at.dtype
        return time_split(listens, first_of_validation.astype(unit), first_of_test.astype(unit))
    place = _place_in_own(listens, seed) if kind == "user" else _place_at_random(listens, seed)
    is_test = place >= 1 - TEST_SHARE
    is_train = place < 1 - TEST_SHARE - VALIDATION_SHARE
    return _parts(listens, kind, is_train, is_test)


def time_split(listens: Listens, validation_from: np.datetime64, test_from: np.datetime64) -> Split:
    """Split at two instants: validation begins at the first, the test at the second.

    Args:
        listens: Listens with instants.
        validation_from: The begin of validation.
        test_from: The begin of the test.

    """
    assert listens.at is not None
    return _parts(listens, "time", listens.at < validation_from, listens.at >= test_from)


def _parts(
    listens: Listens,
    kind: SplitKind,
    is_train: npt.NDArray[np.bool_],
    is_test: npt.NDArray[np.bool_],
) -> Split:
    is_validation = ~is_train & ~is_test
    for name, part in (("train on", is_train), ("validate", is_validation), ("test", is_test)):
        if not part.any():
            raise TooFewListens(f"a {kind} split of {len(listens)} leaves none to {name}")
    return Split(
        kind=kind,
        train=listens.only(is_train),
        validation=listens.only(is_validation),
        training=listens.only(~is_test),
        test=listens.only(is_test),
    )


def _pairs(listens: Listens) -> tuple[Ints, Ints]:
    """Return the distinct pairs' cells, and of each row, which pair it is."""
    cell = listens.user * len(listens.tracks) + listens.track
    cells, pair = np.unique(cell, return_inverse=True)
    return cells, pair


def _place_at_random(listens: Listens, seed: int) -> npt.NDArray[np.float64]:
    """Place every pair in [0, 1); its rows stand where it does."""
    cells, pair = _pairs(listens)
    place = np.empty(len(cells))
    place[np.random.default_rng(seed).permutation(len(cells))] = np.arange(len(cells)) / len(cells)
    return place[pair]


def _place_in_own(listens: Listens, seed: int) -> npt.NDArray[np.float64]:
    """Place every pair in [0, 1) among its user's pairs, by its first listen where that is known.

    The first pair of each user stands at 0: each user has a past.
    """
    cells, pair = _pairs(listens)
    chance = np.random.default_rng(seed).random(len(cells))
    when = np.zeros(len(cells), np.int64)
    if listens.at is not None:
        when = np.full(len(cells), np.iinfo(np.int64).max)
        np.minimum.at(when, pair, listens.at.astype(np.int64))
    user = cells // len(listens.tracks)
    order = np.lexsort((chance, when, user))
    begin = np.searchsorted(user, user, side="left")
    number = np.searchsorted(user, user, side="right") - begin
    place = np.empty(len(cells))
    place[order] = (np.arange(len(cells)) - begin) / number
    return place[pair]
