"""Batch recommendations: the champion ranks all tracks for all users, a chunk at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ml import lake, registry
from ml import published as publications
from ml.bundle import Aligned, align
from ml.errors import NoChampion
from ml.explain import Reasons
from ml.neighbours import neighbours
from ml.picking import pick
from ml.popularity import Popularity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scipy.sparse import csr_matrix

    from ml.interactions import Floats, Ids, Ints
    from ml.published import Snapshot
    from ml.registry import Version
    from ml.settings import MlSettings

CELLS = 20_000_000  # scores at a time: 80 MB
STRATEGIES = ("model", "metadata", "popularity")
NEAR = 50

_BATCH = [
    ("model_version", pa.int32()),
    ("run_id", pa.string()),
    ("data_as_of", pa.timestamp("us")),
    ("made_at", pa.timestamp("us")),
]
RECOMMENDATIONS = pa.schema(
    [
        ("user_id", pa.int32()),
        ("rank", pa.int32()),
        ("track_id", pa.int32()),
        ("score", pa.float64()),
        ("strategy", pa.string()),
        ("because_track_id", pa.int32()),
        *_BATCH,
    ]
)
SIMILAR = pa.schema(
    [
        ("track_id", pa.int32()),
        ("rank", pa.int32()),
        ("similar_track_id", pa.int32()),
        ("similarity", pa.float64()),
        *_BATCH,
    ]
)


@dataclass(frozen=True, slots=True)
class Batch:
    """What was written: who made it, for how many users, how many rows."""

    model_version: int
    run_id: str
    data_as_of: datetime
    made_at: datetime
    users: int = 0
    recommendations: int = 0
    similar: int = 0

    def columns(self, rows: int) -> dict[str, pa.Array]:
        """Return the columns that are the same in every row."""
        values = (self.model_version, self.run_id, self.data_as_of, self.made_at)
        return {
            name: pa.repeat(pa.scalar(value, kind), rows)
            for (name, kind), value in zip(_BATCH, values, strict=True)
        }


def recommend(settings: MlSettings, run_id: str) -> Batch:
    """Score all users with the champion and write the batch; raise `NoChampion` without one."""
    version = registry.champion(settings)
    bundle = registry.load(settings, version)
    with publications.open_published(settings.marts_file) as published:
        data_version = publications.version_of(published)
        now = publications.snapshot(published, publications.cut_offs(published)[-1])
    made_at = settings.as_of or datetime.now(UTC).replace(tzinfo=None)
    batch = Batch(version.number, run_id, data_version.data_as_of, made_at)
    near = neighbours(now.data.weights, NEAR)
    popularity = Popularity().fit(now.data, settings.seed).scores(np.array([0]))[0]
    ranked = _ranked(settings, align(bundle, now.data, popularity), now, near, batch)
    return _written(settings, batch, _similar(settings, now, near, batch), ranked, version, now)


def newest_batch_is_current(settings: MlSettings) -> bool:
    """Whether the champion's newest batch knows the newest data that is published."""
    try:
        number = registry.champion(settings).number
    except NoChampion:
        return False
    with publications.open_published(settings.marts_file) as published:
        data_as_of = publications.version_of(published).data_as_of
    return lake.newest_batch(settings.lake_url, "recommendations", number) == data_as_of


def _written(  # noqa: PLR0913, PLR0917
    settings: MlSettings,
    batch: Batch,
    similar: Iterator[pa.Table],
    ranked: Iterator[pa.Table],
    version: Version,
    now: Snapshot,
) -> Batch:
    """Write similar tracks first: a batch counts once its recommendations are there."""
    folder = f"model_version={version.number}/run_id={batch.run_id}"
    pairs = lake.write_batch(settings.lake_url, "similar_tracks", folder, SIMILAR, similar)
    rows = lake.write_batch(settings.lake_url, "recommendations", folder, RECOMMENDATIONS, ranked)
    told = (batch.model_version, batch.run_id, batch.data_as_of, batch.made_at)
    return Batch(*told, users=len(now.data.users), recommendations=rows, similar=pairs)


def _ranked(
    settings: MlSettings, scorer: Aligned, now: Snapshot, near: csr_matrix, batch: Batch
) -> Iterator[pa.Table]:
    """Yield the recommendations of one chunk of users after another."""
    data = now.data
    users, tracks = data.shape
    heard = _heard_lately(settings, now, batch.data_as_of)
    reasons = Reasons(near, data.weights)
    size = max(1, CELLS // max(tracks, 1))
    for begin in range(0, users, size):
        rows = np.arange(begin, min(begin + size, users))
        scores = scorer.scores(rows)
        lately = heard[rows]
        scores[np.repeat(np.arange(len(rows)), np.diff(lately.indptr)), lately.indices] = -np.inf
        chosen, points = pick(scores, now.artists, settings.recommend_k, settings.per_artist)
        yield _table(scorer, data.users, data.tracks, rows, chosen, points, reasons, batch)


def _heard_lately(settings: MlSettings, now: Snapshot, data_as_of: datetime) -> csr_matrix:
    """Return users x tracks: stored where heard within the days that are left out."""
    from scipy.sparse import csr_matrix

    plays = now.data.plays
    assert now.data.last_played is not None
    since = np.datetime64(data_as_of, "us") - np.timedelta64(settings.exclude_days, "D")
    is_late = now.data.last_played >= since
    user = np.repeat(np.arange(plays.shape[0]), np.diff(plays.indptr))[is_late]
    cells = (np.ones(len(user), np.bool_), (user, plays.indices[is_late]))
    return csr_matrix(cells, shape=plays.shape)


def _table(  # noqa: PLR0913, PLR0917 - the parts of a row
    scorer: Aligned,
    users: Ids,
    tracks: Ids,
    rows: Ints,
    chosen: Ints,
    points: Floats,
    reasons: Reasons,
    batch: Batch,
) -> pa.Table:
    is_there = chosen >= 0
    rank = np.cumsum(is_there, axis=1)[is_there]
    row = np.repeat(rows, is_there.sum(axis=1))
    column = chosen[is_there]
    by = scorer.strategies(row, column)
    because = reasons.of(row, column)
    columns = {
        "user_id": pa.array(users[row], pa.int32()),
        "rank": pa.array(rank, pa.int32()),
        "track_id": pa.array(tracks[column], pa.int32()),
        "score": pa.array(points[is_there], pa.float64()),
        "strategy": pa.array(np.array(STRATEGIES)[by]),
        "because_track_id": pa.array(tracks[np.maximum(because, 0)], pa.int32(), mask=because < 0),
    }
    return pa.table(columns | batch.columns(len(row)), schema=RECOMMENDATIONS)


def _similar(
    settings: MlSettings, now: Snapshot, near: csr_matrix, batch: Batch
) -> Iterator[pa.Table]:
    """Yield each track's neighbours, nearest first."""
    row = np.repeat(np.arange(near.shape[0]), np.diff(near.indptr))
    order = np.lexsort((near.indices, -near.data, row))
    row, column, similarity = row[order], near.indices[order], near.data[order]
    rank = np.arange(len(row)) - near.indptr[row] + 1
    kept = rank <= settings.similar_k
    tracks = now.data.tracks
    columns = {
        "track_id": pa.array(tracks[row[kept]], pa.int32()),
        "rank": pa.array(rank[kept], pa.int32()),
        "similar_track_id": pa.array(tracks[column[kept]], pa.int32()),
        "similarity": pa.array(similarity[kept], pa.float64()),
    }
    yield pa.table(columns | batch.columns(int(kept.sum())), schema=SIMILAR)
