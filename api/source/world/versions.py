"""Versions of records: when they change, and which is the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from api.source.world.parameters import Parameters


def newest_versions(versions: pa.Table) -> pa.Table:
    """Keep each id's version with the latest `updated_at`; in the order of the ids."""
    ordered = versions.sort_by([("id", "ascending"), ("updated_at", "ascending")])
    ids = ordered["id"].to_numpy()
    is_newest = np.append(ids[1:] != ids[:-1], True)[: len(ids)]
    return ordered.filter(pa.array(is_newest))


def changed_in(
    parameters: Parameters, block: int, rng: np.random.Generator, newest: pa.Table, share: float
) -> pa.Table:
    """Draw the records that change in a block, each once, with the instant as `updated_at`.

    Args:
        parameters: What the world is drawn from.
        block: The number of the block of time.
        rng: The random generator.
        newest: The newest version of each record.
        share: The share of records that change.

    """
    changed = newest.filter(pa.array(rng.random(len(newest)) < share))
    begin, end = parameters.span(block)
    at = pa.array(rng.integers(begin, end, len(changed)), pa.timestamp("us"))
    return changed.set_column(changed.schema.get_field_index("updated_at"), "updated_at", at)


def in_order(versions: pa.Table) -> pa.Table:
    """Sort as the API answers: by `updated_at`, then id."""
    return versions.sort_by([("updated_at", "ascending"), ("id", "ascending")])
