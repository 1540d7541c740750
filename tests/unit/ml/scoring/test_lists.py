"""Every user has a whole list, whatever was heard and whatever the model knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from ml.data.features import features_of
from ml.data.interactions import Interactions, interactions
from ml.models.baseline import Baseline
from ml.models.bundle import Bundle, align, trained
from ml.models.neighbourhood.knn import ItemKnn
from ml.scoring.batch import Batch, Ranking
from ml.scoring.explain import Reasons
from ml.settings import MlSettings

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 1)
NONE = np.zeros(0, np.int64)
BASELINE = Bundle(Baseline(), NONE, NONE, NONE)


@dataclass(frozen=True, slots=True)
class App:
    users: int
    tracks: int
    heard: list[tuple[int, int]]

    def data(self) -> Interactions:
        pairs = sorted(set(self.heard))
        user, track = (np.array([pair[at] for pair in pairs], np.int64) for at in (0, 1))
        genres = [f"genre {number % 3}" for number in range(max(self.users, self.tracks))]
        return interactions(
            np.arange(self.users) + 100,
            np.arange(self.tracks) + 1,
            user,
            track,
            np.ones(len(pairs)),
            last_played=np.full(len(pairs), np.datetime64(NOW, "us")),
            user_features=features_of({"favorite_genre": genres[: self.users]}),
            track_features=features_of({"genres": genres[: self.tracks]}),
        )


@st.composite
def apps(draw: st.DrawFn) -> App:
    users, tracks = draw(st.integers(1, 6)), draw(st.integers(1, 12))
    pair = st.tuples(st.integers(0, users - 1), st.integers(0, tracks - 1))
    return App(users, tracks, draw(st.lists(pair, max_size=users * tracks)))


def lists_of(
    bundle: Bundle, data: Interactions, k: int, hidden: csr_matrix | None = None
) -> list[dict[str, Any]]:
    scorer = align(bundle, data)
    ranking = Ranking(
        settings=MlSettings(recommend_k=k, per_artist=2),
        scorer=scorer,
        artists=np.arange(data.shape[1]) % 3,
        heard=data.plays > 0,
        hidden=csr_matrix(data.shape, dtype=np.bool_) if hidden is None else hidden,
        reasons=Reasons(scorer.baseline.near, data.weights),
        users=data.users,
        tracks=data.tracks,
        batch=Batch(1, "run", NOW, NOW),
        rows=np.arange(len(data.users)),
    )
    return [row for chunk in ranking for row in ranking.of(chunk).to_pylist()]


def require_whole(rows: list[dict[str, Any]], data: Interactions, k: int) -> None:
    for place, user in enumerate(data.users):
        own = [row for row in rows if row["user_id"] == user]
        heard = set(data.tracks[data.plays[place].indices].tolist())
        number = min(k, data.shape[1])
        assert [row["rank"] for row in own] == list(range(1, number + 1))
        assert len({row["track_id"] for row in own}) == number
        again = [row["track_id"] in heard for row in own]
        assert again == [row["strategy"] == "again" for row in own]
        left = min(k, data.shape[1] - len(heard))
        assert again == [False] * left + [True] * (number - left)
        scores = [row["score"] for row in own]
        assert np.isfinite(scores).all()
        assert scores == sorted(scores, reverse=True)


@given(apps(), st.integers(1, 15))
@settings(max_examples=60, deadline=None)
def test_a_baseline_gives_every_user_a_whole_list(app: App, k: int) -> None:
    data = app.data()
    rows = lists_of(BASELINE, data, k)
    require_whole(rows, data, k)
    assert {row["strategy"] for row in rows} <= {"neighbours", "metadata", "popularity", "again"}


@given(apps(), apps(), st.integers(1, 15))
@settings(max_examples=60, deadline=None)
def test_so_does_a_model_that_learned_from_other_users_and_tracks(
    before: App, now: App, k: int
) -> None:
    bundle = trained(ItemKnn(), before.data(), seed=0)
    require_whole(lists_of(bundle, now.data(), k), now.data(), k)


@given(apps(), apps(), st.integers(1, 15))
@settings(max_examples=60, deadline=None)
def test_nothing_hidden_is_listed_and_what_follows_fills_the_list(
    before: App, now: App, k: int
) -> None:
    data = now.data()
    hidden = App(now.users, now.tracks, [(u % now.users, t % now.tracks) for u, t in before.heard])
    cells = hidden.data().plays > 0
    for bundle in (BASELINE, trained(ItemKnn(), before.data(), seed=0)):
        rows = lists_of(bundle, data, k, cells)
        for place, user in enumerate(data.users):
            gone = set(data.tracks[cells[place].indices].tolist())
            listed = {row["track_id"] for row in rows if row["user_id"] == user}
            assert not listed & gone
            assert len(listed) == min(k, data.shape[1] - len(gone))


def test_without_a_track_nobody_has_a_list() -> None:
    assert lists_of(BASELINE, App(2, 0, []).data(), 10) == []


def test_each_track_says_what_speaks_for_it() -> None:
    """User 0 likes genre 0 and heard track 1, as user 1 did, who heard track 3 too."""
    data = App(3, 9, [(0, 0), (1, 0), (1, 2)]).data()
    rows = lists_of(BASELINE, data, 8)
    strategies = {(row["user_id"], row["track_id"]): row["strategy"] for row in rows}
    assert strategies[100, 3] == "neighbours"
    assert strategies[100, 4] == "metadata"
    assert strategies[100, 2] == "popularity"


def test_a_registered_baseline_is_its_settings_and_knows_no_user(tmp_path: Path) -> None:
    assert set(Baseline().arrays()) == {"neighbours", "shrink", "content", "popularity"}
    model_hash = BASELINE.save(tmp_path / "one.npz")
    again = Bundle.load(tmp_path / "one.npz", model_hash)
    data = App(2, 5, [(0, 1), (1, 1), (1, 2)]).data()
    assert lists_of(again, data, 5) == lists_of(BASELINE, data, 5)
