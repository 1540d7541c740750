"""Rows for tests, from (`updated_at`, id) keys alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api.source.rows import HeldRows

if TYPE_CHECKING:
    from collections.abc import Iterable

Key = tuple[int, int]


def rows(keys: Iterable[Key]) -> HeldRows:
    """Put rows of these keys in order; each one's text is its key."""
    ordered = sorted(keys)
    return HeldRows(
        [f"[{updated_at},{identity}],".encode() for updated_at, identity in ordered],
        np.array([updated_at for updated_at, _ in ordered], np.int64),
        np.array([identity for _, identity in ordered], np.int64),
    )
