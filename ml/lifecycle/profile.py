"""Profiles of features, and their stability since a training.

A profile is the share of each bin. Bins do not depend on the data (genres, and powers of two of
counts), so that profiles of different days compare.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import duckdb

Profile = dict[str, dict[str, float]]
"""Of each feature, the share of each bin."""

# A bin that was empty on one side would make the sum infinite.
LEAST_SHARE = 1e-4

_OCTAVE = "'2^' || floor(log2(1 + {}))::integer"
FEATURES = {
    "favourite genre": (
        "select coalesce(favorite_genre, '(none)') as bin, count(*) as weight"
        " from features.feature_users where as_of = ? group by all"
    ),
    "genre listened to": (
        "select coalesce(genres, '(none)') as bin, sum(popularity) as weight"
        " from features.feature_tracks where as_of = ? group by all"
    ),
    "plays of a user": (
        f"select {_OCTAVE.format('plays')} as bin, count(*) as weight"
        " from features.feature_users where as_of = ? group by all"
    ),
    "decayed plays of a pair": (
        f"select {_OCTAVE.format('decayed_weight')} as bin, count(*) as weight"
        " from features.feature_user_track where as_of = ? and plays > 0 group by all"
    ),
}


def profile(published: duckdb.DuckDBPyConnection, as_of: datetime) -> Profile:
    """Return the profile of the features of a cut-off; what has no weight at all is left out."""
    found: Profile = {}
    for name, query in FEATURES.items():
        rows = published.execute(query, [as_of]).fetchall()
        weights = {bin_: float(weight or 0) for bin_, weight in rows}
        if total := sum(weights.values()):
            found[name] = {bin_: weight / total for bin_, weight in weights.items()}
    return found


def stability(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Return the population stability index: 0 for the same shares, above 0.2 for other people.

    The sum over all bins of (now - before) x ln(now / before), as credit scoring defined it.
    """
    pairs = [
        (max(now.get(one, 0.0), LEAST_SHARE), max(before.get(one, 0.0), LEAST_SHARE))
        for one in {*before, *now}
    ]
    return sum((new - old) * math.log(new / old) for new, old in pairs)
