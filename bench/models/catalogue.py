"""A published file of a large catalogue, and a champion for it whose factors are drawn."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from lake import batches
from ml.models.bundle import Bundle
from ml.models.hybrid import Hybrid
from ml.registry import registry

if TYPE_CHECKING:
    from pathlib import Path

    from ml.settings import MlSettings

NOW = datetime(2026, 3, 1)


def publish(marts: Path, users: int, tracks: int, listens: int) -> None:
    """Write the features that a batch reads; popular tracks are a long tail."""
    part = f"[{{'part': 'features', 'data_as_of': timestamp '{NOW}'}}]"
    as_of = f"timestamp '{NOW}' as as_of"
    statements = [
        f"create table publication as select 1 as version, ['1.1'] as load_ids, {part} as parts",
        f"create table dim_users as select range::integer as user_id from range({users})",
        f"create table dim_tracks as select range::integer as track_id from range({tracks})",
        "create table dim_tracks_history as select range::integer as track_id,"
        f" timestamp '{NOW}' - to_days((range % 400)::integer) as created_at,"
        f" timestamp '{NOW}' - to_days(1) as etl_updated_at from range({tracks})",
        "create schema features",
        f"create table features.feature_users as select {as_of}, range::integer as user_id,"
        f" 'genre ' || range % 17 as favorite_genre from range({users})",
        f"create table features.feature_tracks as select {as_of}, range::integer as track_id,"
        " 'artist ' || range % (1 + range // 7) as artist, 'genre ' || range % 17 as genres,"
        f" 'album ' || range // 10 as album from range({tracks})",
        "create table features.feature_user_track as"
        f" select {as_of}, user_id, track_id, count(*) as plays,"
        " 0.5::double * count(*) as decayed_weight, max(played_at) as last_played_at from ("
        f" select (hash(range) % {users})::integer as user_id,"
        f" ({tracks} * power((hash(range + 7919) % 1000003) / 1000003.0, 3))::integer % {tracks}"
        " as track_id,"
        f" timestamp '{NOW}' - to_hours((hash(range + 1) % 2000)::integer) as played_at"
        f" from range({listens})) group by all",
    ]
    with duckdb.connect(marts, config={"memory_limit": "1GB", "threads": 1}) as db:
        for statement in statements:
            db.execute(statement)


def champion_of_chance(settings: MlSettings, users: int, tracks: int, factors: int) -> None:
    """Note a version as champion; how well it ranks is nothing that a batch asks."""
    rng = np.random.default_rng(0)
    model = Hybrid(
        no_components=factors,
        user_factors=rng.standard_normal((users, factors), np.float32),
        track_factors=rng.standard_normal((tracks, factors), np.float32),
        track_biases=np.zeros(tracks, np.float32),
        popularity=np.zeros(tracks, np.float32),
        nothing_known=np.zeros(users, np.bool_),
    )
    path = settings.data_dir / "factors.npz"
    bundle = Bundle(model, np.arange(users), np.arange(tracks), np.arange(users))
    about: dict[str, Any] = {"model_version": 1, "name": model.name, "path": str(path)}
    about |= {"model_hash": bundle.save(path), "trained_at": NOW}
    registry.record(settings, about | {"data_as_of": NOW, "cut_off": NOW})
    decision = {"model_version": 1, "decision": "promoted", "decided_at": NOW}
    batches.append(settings.lake_url, "promotions", [decision], NOW.date())
