"""Assign users to the arms of an experiment by a keyed hash."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ml.evaluation.metrics import PerUser


def arms_of(users: Iterable[int], shares: Mapping[str, float], salt: str) -> list[str | None]:
    """Return the arm of each user: the same every day, on every machine.

    Other salts give independent assignments, so that experiments do not share their luck. Where
    shares change, the order of the arms keeps all users in place who can stay.

    Args:
        users: Ids.
        shares: Of all users, by arm; together at most 1. Users beyond them are in no arm.
        salt: What makes this experiment's assignment different from any other's.

    Returns:
        An arm per user, or None.

    Raises:
        ValueError: A share is not above 0, or they are more than 1 together.

    """
    if not shares or min(shares.values()) <= 0 or sum(shares.values()) > 1 + 1e-9:
        raise ValueError(f"shares must be above 0 and at most 1 together: {dict(shares)}")
    ends = np.cumsum(list(shares.values()))
    if np.isclose(ends[-1], 1):
        ends[-1] = 1  # rounding must leave nobody out
    names = [*shares, None]
    return [names[at] for at in np.searchsorted(ends, fractions(users, salt), side="right")]


def fractions(users: Iterable[int], salt: str) -> PerUser:
    """Return a number in [0, 1) for each user, even and independent of its id (BLAKE2b)."""
    key = blake2b(salt.encode(), digest_size=32).digest()
    hashes = (blake2b(b"%d" % user, digest_size=8, key=key).digest() for user in users)
    # Of the 64 bits a float keeps 53.
    bits = np.fromiter((int.from_bytes(one, "big") >> 11 for one in hashes), np.int64)
    return np.asarray(bits / 2**53)
