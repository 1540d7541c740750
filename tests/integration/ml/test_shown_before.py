"""Which batch of the day before decides what `discover` rests."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lake import batches
from ml.playlists.shown_before import TABLE, shown_before

if TYPE_CHECKING:
    from pathlib import Path


def test_what_discover_showed_is_read_from_the_batch_that_counts_of_the_day_before(
    tmp_path: Path,
) -> None:
    lake = str(tmp_path)
    users, tracks = np.array([7, 8]), np.array([1, 2, 3, 4])

    def write(version: int, run_id: str, day: int, track: int, kind: str = "discover") -> None:
        made_at = pa.scalar(datetime(2026, 3, day, 21), pa.timestamp("us"))
        rows = {
            "user_id": pa.array([7, 99], pa.int32()),
            "kind": pa.array([kind, kind]),
            "track_id": pa.array([track, track], pa.int32()),
            "made_at": pa.repeat(made_at, 2),
        }
        table = pa.table(rows)
        folder = f"model_version={version}/run_id={run_id}"
        batches.write_batch(lake, TABLE, folder, table.schema, iter([table]))

    def shown(day: int, *rolled_back: tuple[int, str], run_id: str = "z") -> list[int]:
        cells = shown_before(lake, date(2026, 3, day), run_id, rolled_back, users, tracks)
        assert set(cells.nonzero()[0].tolist()) <= {0}
        return [int(tracks[at]) for at in cells.indices]

    assert shown(4) == []
    write(1, "a", 1, 1)
    write(1, "b", 3, 2)
    write(2, "c", 3, 3)
    write(2, "d", 4, 4, kind="mix")
    assert shown(1) == [], "today's own batch is not of yesterday"
    assert shown(3) == [1]
    assert shown(4) == [3]
    assert shown(5) == [], "the newest day showed a mix alone"
    assert shown(4, (2, "c")) == [2], "rolled back on that day"
    assert shown(4, (2, "d")) == [3], "it counted until the day after"
    assert shown(4, (2, "z"), run_id="z") == [3], "rolled back by the run that asks"
