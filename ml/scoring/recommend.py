"""Batch recommendations: the champion ranks all tracks for all users, a chunk at a time."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lake import batches
from lake.clock import utc_now
from ml.data import published_marts
from ml.data.new_tracks import is_new
from ml.data.published_feedback import hidden_tracks
from ml.data.snapshot import present
from ml.errors import NoChampion
from ml.experiments.experiment_log import newest_run
from ml.lifecycle.champion.first_champion import ensure_champion
from ml.models.bundle import align
from ml.models.spark import ranked_on_spark
from ml.playlists.shown_before import shown_before
from ml.registry import registry
from ml.scoring.batch import RECOMMENDATIONS, SIMILAR, Batch, Ranking
from ml.scoring.experiment_arms import arms_to_score, lists_of_arms, outside
from ml.scoring.explain import Reasons
from ml.scoring.playlist_batch import PLAYLIST_TRACKS, TABLE, PlaylistRows, playlist_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from scipy.sparse import csr_matrix

    from ml.data.snapshot import Snapshot
    from ml.settings import MlSettings


def recommend(settings: MlSettings, run_id: str) -> Batch:
    """Score all users and write the batch: with the champion, or in an experiment with their arm.

    The first champion is a baseline.

    Raises `NothingToLearnFrom` where no features are published.
    """
    version = ensure_champion(settings, run_id)
    bundle = registry.load(settings, version)
    made_at = settings.as_of or utc_now()
    with published_marts.open_published(settings) as published:
        data_version = published_marts.version_of(published)
        now = present(published, published_marts.cut_offs(published)[-1])
        hidden = hidden_tracks(published, now.data)
        new = is_new(published, now.data.tracks, data_version.data_as_of)
        shown = shown_before(published, made_at.date(), now.data)
    arms, stopped = arms_to_score(settings, run_id, made_at, now.data.users)
    batch = Batch(
        version.number,
        run_id,
        data_version.data_as_of,
        made_at,
        arms=len(arms),
        stopped=stopped,
    )
    scorer = align(bundle, now.data)
    near = scorer.baseline.near
    ranking = Ranking(
        settings=settings,
        scorer=scorer,
        artists=now.artists,
        heard=_heard_lately(settings, now, batch.data_as_of),
        hidden=hidden,
        reasons=Reasons(near, now.data.weights),
        users=now.data.users,
        tracks=now.data.tracks,
        batch=batch,
        rows=outside(arms, len(now.data.users)),
    )
    playlists = playlist_rows(ranking, now, new, shown)
    all_lists = chain([playlists], lists_of_arms(settings, arms, playlists, now.data))
    return _written(settings, batch, _similar(settings, now, near, batch), all_lists)


def newest_batch_is_current(settings: MlSettings) -> bool:
    """Whether the champion's newest batch knows the newest data, and the experiments that run."""
    try:
        number = registry.champion(settings).number
    except NoChampion:
        return False
    newest = batches.newest_batch(settings.lake_url, "recommendations", number)
    if newest is None:
        return False
    with published_marts.open_published(settings) as published:
        data_as_of = published_marts.version_of(published).data_as_of
    changed_by = newest_run(settings.lake_url)
    is_of_now = changed_by is None or changed_by <= newest.run_id
    return is_of_now and newest.first("data_as_of") == data_as_of


def _written(
    settings: MlSettings,
    batch: Batch,
    similar: Iterator[pa.Table],
    all_lists: Iterator[PlaylistRows],
) -> Batch:
    """Write similar tracks and playlists first: a batch counts once its recommendations are there.

    Each chunk of users is scored once, for its playlists and its recommendations. The users outside
    experiments come first, with the playlist for everybody.
    """
    folder = f"model_version={batch.model_version}/run_id={batch.run_id}"
    lake = settings.lake_url
    pairs = batches.write_batch(lake, "similar_tracks", folder, SIMILAR, similar)
    rows = users = 0
    with (
        batches.new_batch(lake, "recommendations", folder, RECOMMENDATIONS) as add_recommendations,
        batches.new_batch(lake, TABLE, folder, PLAYLIST_TRACKS) as add_playlists,
    ):
        for number, lists in enumerate(all_lists):
            if number == 0:
                add_playlists(lists.popular())
            for recommended, chosen in _made(settings, lists):
                add_recommendations(recommended)
                add_playlists(chosen)
                rows += len(recommended)
            users += len(lists.ranking.rows)
    return replace(batch, users=users, recommendations=rows, similar=pairs)


def _made(settings: MlSettings, playlists: PlaylistRows) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield the recommendations and the playlists of each chunk of users."""
    ranking = playlists.ranking
    if settings.score_on == "spark":
        yield from zip(
            ranked_on_spark(ranking, RECOMMENDATIONS),
            ranked_on_spark(playlists, PLAYLIST_TRACKS),
            strict=True,
        )
        return
    for rows in ranking:
        scores = ranking.scorer.scores(rows)
        # In this order: what was heard lately is taken from the scores, then what was heard ever.
        recommended = ranking.of(rows, scores)
        yield recommended, playlists.of(rows, scores)


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
