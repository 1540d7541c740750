"""An oracle: true scores out of a file, the ceiling of each metric."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from ml.data.external.column import Column
from ml.data.external.formats import open_source
from ml.data.external.headers import is_header, plain, roles_of
from ml.data.external.quantities import read_numbers
from ml.data.external.reading_options import ReadingOptions
from ml.data.external.source import load_columns
from ml.errors import MissingColumn

if TYPE_CHECKING:
    from ml.data.interactions import Floats, Ids, Ints
    from ml.data.listens import Listens


@dataclass(frozen=True, slots=True, eq=False)
class Oracle:
    """Scores as they were given; what is not in the file has none and comes last."""

    given: Floats

    def scores(self, users: Ints) -> Floats:
        """Return users x tracks."""
        return self.given[users]


def read_oracle(path: Path, listens: Listens) -> Oracle:
    """Read `user_id`, `track_id`, `score`; pairs of unknown ids are left out.

    Takes 4 bytes a cell: for worlds of a size that an oracle is asked for.
    """
    given = np.full((len(listens.users), len(listens.tracks)), -1, np.float32)
    with duckdb.connect() as db, TemporaryDirectory() as folder:
        source = open_source(db, path, Path(folder) / "oracle", ReadingOptions(), is_header)
        places = roles_of(source, {})
        score = next((at for at, name in enumerate(source.names) if plain(name) == "score"), None)
        if score is None:
            raise MissingColumn(path, "score", source.names)
        places |= {"score": score}
        load_columns(db, source, places)
        read_numbers(Column(db, source, score, "score"))
        found = db.execute(
            "select user_id, track_id, score from listens"
            " where user_id is not null and track_id is not null and score is not null"
        ).fetchnumpy()
    user, is_user = _places(listens.users, found["user_id"])
    track, is_track = _places(listens.tracks, found["track_id"])
    both = is_user & is_track
    given[user[both], track[both]] = np.ma.getdata(found["score"])[both]
    return Oracle(given)


def _places(ids: Ids, wanted: Any) -> tuple[Ints, np.ndarray]:  # noqa: ANN401 - DuckDB's column
    """Return where each id, given as text, stands among `ids`, and whether it does."""
    order = {str(one): place for place, one in enumerate(ids.tolist())}
    place = np.array([order.get(one, -1) for one in np.ma.getdata(wanted).tolist()], np.int64)
    return np.maximum(place, 0), place >= 0
