"""Write the scores of a ranker that knows the generated world, for `moovitamix evaluate`.

`python -m bench.models.oracle DATA_DIR OUT.parquet`, and beside it `listens`, `tracks` and `users`
as Parquet, from the published file. The scores are P(track | user) over the latest tenth of the
listens, which is where `evaluate --split time` tests: tracks released meanwhile are known too.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from api.source.world.taste import Taste, listen_probability
from ml.data.splits import LATEST_SHARE

if TYPE_CHECKING:
    from datetime import datetime

INSTANTS = 5
CHUNK = 200
TABLES = {
    "listens": "select user_id, track_id, listened_at from fact_listen_history",
    "tracks": "select track_id, artist, genres, album from dim_tracks",
    "users": "select user_id, favorite_genres from dim_users",
}


def main() -> None:
    data_dir, out = (Path(argument) for argument in sys.argv[1:3])
    with duckdb.connect(data_dir / "marts.duckdb", read_only=True) as published:
        for name, query in TABLES.items():
            published.execute(f"copy ({query}) to '{out.with_name(name)}.parquet'")
        instants = _instants(published)
        users, tracks = (
            published.execute(f"select {side}_id from dim_{side}s order by 1").fetchnumpy()
            for side in ("user", "track")
        )
    taste = Taste.read(data_dir / "source")
    _write(taste, np.asarray(users["user_id"]), np.asarray(tracks["track_id"]), instants, out)


def _instants(published: duckdb.DuckDBPyConnection) -> list[datetime]:
    """Instants spread evenly over the test part."""
    query = f"""
        select quantile_cont(listened_at, {1 - LATEST_SHARE}), max(listened_at)
        from fact_listen_history
    """
    first, last = published.execute(query).fetchall()[0]
    return [first + (last - first) * step / (INSTANTS - 1) for step in range(INSTANTS)]


def _write(
    taste: Taste,
    users: np.ndarray,
    tracks: np.ndarray,
    instants: list[datetime],
    out: Path,
) -> None:
    columns = tracks.astype(np.int64) - 1
    schema = pa.schema({"user_id": pa.int64(), "track_id": pa.int64(), "score": pa.float32()})
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for begin in range(0, len(users), CHUNK):
            its = users[begin : begin + CHUNK]
            score = sum(listen_probability(taste, its, at)[:, columns] for at in instants)
            scores = np.asarray(score / INSTANTS, np.float32)
            writer.write_table(
                pa.table(
                    [
                        np.repeat(its, len(columns)),
                        np.tile(columns + 1, len(its)),
                        scores.ravel(),
                    ],
                    schema=schema,
                )
            )


if __name__ == "__main__":
    main()
