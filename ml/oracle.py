"""A ceiling to measure against: scores that someone who knows wrote to a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from lake.paths import NO_PARTITIONS, pattern_of, reader_of
from ml.errors import MissingColumn, UnreadableTable

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from ml.interactions import Floats, Ints
    from ml.listens import Listens


@dataclass(frozen=True, slots=True, eq=False)
class Oracle:
    """Scores as they were given; what is not in the file has none and comes last."""

    given: Floats

    def scores(self, users: Ints) -> Floats:
        """Return users x tracks."""
        return self.given[users]


def read_oracle(path: Path, listens: Listens) -> Oracle:
    """Read `user_id`, `track_id`, `score` (Parquet or CSV); pairs of unknown ids are left out.

    Takes 4 bytes a cell: for worlds of a size that an oracle is asked for.
    """
    given = np.full((len(listens.users), len(listens.tracks)), -1, np.float32)
    try:
        reader = f"{reader_of(path)}(?, {NO_PARTITIONS})"
        rows = duckdb.sql(f"from {reader}", params=[pattern_of(path)])
        for column in ("user_id", "track_id", "score"):
            if column not in rows.columns:
                raise MissingColumn(path, column, rows.columns)
        found = rows.select("user_id, track_id, score").fetchnumpy()
    except (duckdb.Error, OSError, ValueError) as error:
        raise UnreadableTable(path, str(error).splitlines()[0]) from error
    user, is_user = _places(listens.users, found["user_id"])
    track, is_track = _places(listens.tracks, found["track_id"])
    both = is_user & is_track
    given[user[both], track[both]] = np.ma.getdata(found["score"])[both]
    return Oracle(given)


def _places(
    ids: np.ndarray,
    wanted: Any,  # noqa: ANN401 - what DuckDB makes of a column
) -> tuple[Ints, np.ndarray]:
    asked = np.ma.getdata(wanted).astype(ids.dtype)
    place = np.minimum(np.searchsorted(ids, asked), len(ids) - 1)
    return place, ids[place] == asked
