"""What `discover` rests today is what the marts say was shown on the day before."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
from scipy.sparse import csr_matrix

from ml.data.interactions import Interactions
from ml.playlists.shown_before import shown_before
from tests.support.monitoring_marts import written

if TYPE_CHECKING:
    from pathlib import Path

NO_PLAYS = csr_matrix((2, 4))
KNOWN = Interactions(np.array([7, 8]), np.array([1, 2, 3, 4]), NO_PLAYS, NO_PLAYS)


def test_the_newest_earlier_day_that_was_published_counts(tmp_path: Path) -> None:
    shelves = [(1, "a", "7-discover", [1, 99]), (3, "b", "7-discover", [3]), (4, "c", "7-mix", [4])]
    rows: dict[str, list[dict[str, Any]]] = {"playlists": [], "playlist_tracks": []}
    batches = []
    for day, run_id, name, tracks in shelves:
        its = {"playlist_id": name, "user_id": 7, "day": date(2026, 3, day)}
        batches.append({"day": its["day"], "run_id": run_id})
        rows["playlists"].append(its | {"kind": name.removeprefix("7-")})
        rows["playlist_tracks"] += [its | {"track_id": track} for track in tracks]
    file = written(
        tmp_path / "marts.duckdb", "recommendations/playlists", playlist_batches=batches, **rows
    )

    def shown(day: int) -> tuple[str | None, list[int]]:
        with duckdb.connect(file, read_only=True) as published:
            found = shown_before(published, date(2026, 3, day), KNOWN)
        assert set(found.tracks.nonzero()[0].tolist()) <= {0}
        return found.run_id, [int(KNOWN.tracks[at]) for at in found.tracks.indices]

    assert shown(1) == (None, []), "today's own batch is not of yesterday"
    assert shown(3) == ("a", [1]), "a track that is gone is left out"
    assert shown(4) == ("b", [3])
    assert shown(5) == ("c", []), "the newest day showed a mix alone"


def test_nothing_was_shown_by_a_publication_without_playlists() -> None:
    with duckdb.connect() as published:
        found = shown_before(published, date(2026, 3, 1), KNOWN)
    assert (found.run_id, found.tracks.nnz, found.tracks.shape) == (None, 0, (2, 4))
