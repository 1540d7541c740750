"""How good each kind of playlist is, on a drawn log and on the published apps that are named.

`python -m bench.models.playlists [DATA_DIR ...]`: by the listens of the last week, with the
baseline and with the softmax as champion. The drawn log's people have favourites that change every
ten days, so that habits count, which the generated app knows nothing of.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa

from bench.measure import table
from ml.data import published_marts
from ml.data.new_tracks import is_new
from ml.lifecycle.holdout import hold_out
from ml.models.baseline import Baseline
from ml.models.bundle import trained
from ml.models.softmax.softmax import Softmax
from ml.playlists.playlist_metrics import playlist_metrics
from ml.settings import MlSettings

NOW = datetime(2026, 3, 1)
USERS, TRACKS, ARTISTS, GENRES, DAYS, PHASE = 800, 2_000, 250, 8, 60, 10
FAVOURITES = 8
COMPARED = {
    "discover_ndcg_at_10": ("popularity",),
    "discover_recall": ("popularity",),
    "on_repeat_share": ("own_plays", "recency"),
    "release_radar_ndcg_at_10": ("popularity",),
    "release_radar_recall": ("popularity",),
}
ALONE = ("mix_share", "rewind_share", "popular_share")
BREADTH = ("coverage", "novelty", "turnover")


def main() -> None:
    with TemporaryDirectory() as folder:
        publish(Path(folder) / "marts.duckdb", seed=0)
        for data_dir in (Path(folder), *map(Path, sys.argv[1:])):
            measure(data_dir, "drawn log" if str(data_dir) == folder else str(data_dir))


def measure(data_dir: Path, name: str) -> None:
    """Show the measures of one app."""
    settings = MlSettings(data_dir=data_dir, lake_url=str(data_dir / "lake"))
    with published_marts.open_published(settings) as published:
        holdout = hold_out(published, settings, 1)
        new = is_new(published, holdout.training.tracks, holdout.snapshot.as_of)
    for model in (Baseline(), Softmax()):
        bundle = trained(model, holdout.training, settings.seed)
        found = playlist_metrics(bundle, holdout, new, settings)
        rows = [
            _compared(found, measured, peer)
            for measured, peers in COMPARED.items()
            for peer in peers
            if measured in found
        ]
        rows += [(one, "", f"{found[one]:.4f}", "", "") for one in ALONE if one in found]
        rows += [
            (one, "", f"{value:.3f}", "", "")
            for one, value in found.items()
            if one.endswith(BREADTH)
        ]
        title = f"playlists: {name}, {bundle.name}"
        table(title, ["measure", "against", "own", "other", "gain, 95 % interval"], rows)


def _compared(found: dict[str, float], name: str, peer: str) -> tuple[str, ...]:
    gain = f"{name}_gain_over_{peer}"
    low, high = found[f"{gain}_low"], found[f"{gain}_high"]
    values = f"{found[name]:.4f}", f"{found[f'{name}_of_{peer}']:.4f}"
    return (name, peer, *values, f"{found[gain]:+.4f} [{low:+.4f}, {high:+.4f}]")


def publish(marts: Path, seed: int) -> None:
    """Write the tables that models read, of the drawn log."""
    user, track, day = draw(seed)
    last, first = NOW, NOW - timedelta(days=7)
    cut_offs = f"(select unnest([timestamp '{first}', timestamp '{last}']) as as_of)"
    drawn = pa.table({"user_id": user, "track_id": track, "day": day})  # noqa: F841 - read below
    genre = f"'genre ' || track_id % {GENRES} as genres"
    statements = [
        "create table fact_listen_history as select user_id::integer as user_id,"
        " track_id::integer as track_id, 1 as session_position,"
        f" timestamp '{NOW}' - to_microseconds((day * 86400e6)::bigint) as listened_at from drawn",
        f"create table dim_users as select range::integer as user_id from range({USERS})",
        f"create table dim_tracks as select range::integer as track_id from range({TRACKS})",
        # Every twelfth track is released in the last weeks; it has listens from then on.
        "create table dim_tracks_history as select track_id,"
        f" timestamp '{NOW}' - to_days(if(track_id % 12 = 0, 8 + track_id % 20, 90)) as created_at,"
        f" timestamp '{NOW}' - to_days(90) as etl_updated_at from dim_tracks",
        "delete from fact_listen_history using dim_tracks_history as tracks where"
        " fact_listen_history.track_id = tracks.track_id and listened_at < created_at",
        "create schema features",
        "create table features.feature_users as select as_of, user_id,"
        f" 'genre ' || user_id % {GENRES} as favorite_genre from dim_users, {cut_offs}",
        f"create table features.feature_tracks as select as_of, track_id, {genre},"
        f" 'artist ' || track_id % {ARTISTS} as artist, null::varchar as album"
        f" from dim_tracks, {cut_offs}",
        "create table features.feature_user_track as select as_of, user_id, track_id,"
        " count(*) as plays, min(listened_at) as first_played_at,"
        " max(listened_at) as last_played_at,"
        " sum(power(0.5, date_diff('day', listened_at, as_of) / 14)) as decayed_weight"
        f" from fact_listen_history join {cut_offs} on listened_at < as_of group by all",
        "create table publication as select 1 as version, ['1.1'] as load_ids,"
        f" [{{'part': 'features', 'data_as_of': timestamp '{NOW}'}}] as parts",
    ]
    with duckdb.connect(marts) as db:
        for statement in statements:
            db.execute(statement)


def draw(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw listens: their users, their tracks, and how many days ago each was."""
    rng = np.random.default_rng(seed)
    popularity = 1 / (1 + rng.permutation(TRACKS)) ** 0.7
    genre = np.arange(TRACKS) % GENRES
    users, tracks, days = [], [], []
    for user in range(USERS):
        second = np.where(genre == user // GENRES % GENRES, 3.0, 0.5)
        chance = np.where(genre == user % GENRES, 6.0, second) * popularity
        chance /= chance.sum()
        phases = rng.choice(TRACKS, (DAYS // PHASE, FAVOURITES), p=chance)
        number = rng.poisson(rng.lognormal(1.0, 0.8), DAYS)
        day = np.repeat(np.arange(DAYS), number)
        kind = rng.choice(3, len(day), p=[0.45, 0.2, 0.35])
        present = phases[day // PHASE, rng.geometric(0.3, len(day)) % FAVOURITES]
        former = phases[rng.integers(0, day // PHASE + 1), rng.integers(FAVOURITES, size=len(day))]
        fresh = rng.choice(TRACKS, len(day), p=chance)
        users.append(np.full(len(day), user))
        tracks.append(np.choose(kind, [present, former, fresh]))
        days.append(DAYS - day - rng.random(len(day)))
    return np.concatenate(users), np.concatenate(tracks), np.concatenate(days)


if __name__ == "__main__":
    main()
