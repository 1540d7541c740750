"""The rules of every kind of playlist, over drawn logs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.models.bundle import trained
from ml.models.neighbourhood.knn import ItemKnn
from ml.playlists.playlist_kinds import (
    DISCOVER,
    MIX,
    ON_REPEAT,
    POPULAR,
    RELEASE_RADAR,
    REWIND,
)
from tests.support.drawn_plays import DrawnPlays, Pair, drawn_plays

if TYPE_CHECKING:
    from ml.playlists.playlist_maker import PlaylistMaker
    from ml.playlists.selection import Selection

Made = dict[tuple[int, int, int], list[int]]
"""Of user, kind and number: the tracks in order."""


def made_by(maker: PlaylistMaker) -> Made:
    return listed(maker.of(np.arange(len(maker.data.users))))


def listed(playlists: Selection) -> Made:
    named = zip(playlists.user, playlists.kind, playlists.number, playlists.tracks, strict=True)
    return {
        (int(user), int(kind), int(number)): tracks[tracks >= 0].tolist()
        for user, kind, number, tracks in named
    }


def longest(app: DrawnPlays, tracks: set[int], k: int) -> int:
    """Return how long a playlist of these tracks can be with two of an artist."""
    artists = Counter(app.artist(track) for track in tracks)
    return min(k, sum(min(2, number) for number in artists.values()))


@given(drawn_plays(), st.integers(1, 12), st.data())
@settings(max_examples=60, deadline=None)
def test_playlists_keep_their_rules_whatever_was_played(
    app: DrawnPlays, k: int, data: st.DataObject
) -> None:
    every = st.tuples(st.integers(0, app.users - 1), st.integers(0, app.tracks - 1))
    hidden = data.draw(st.sets(every, max_size=6))
    new = data.draw(st.sets(st.integers(0, app.tracks - 1)))
    made = made_by(app.maker(k, hidden=hidden, new=new))
    for (user, kind, number), tracks in made.items():
        heard = {track for owner, track in app.plays if owner == user}
        unseen = {track for owner, track in hidden if owner == user}
        assert 1 <= len(tracks) <= k
        assert len(set(tracks)) == len(tracks), "no track twice"
        assert not set(tracks) & unseen, "nothing hidden"
        artists = Counter(map(app.artist, tracks))
        assert kind == ON_REPEAT or max(artists.values()) <= 2
        assert number in (range(1, 5) if kind == MIX else [1])
        if kind == ON_REPEAT:
            assert len(tracks) == min(k, len(heard - unseen))
        if kind in {ON_REPEAT, REWIND}:
            assert set(tracks) <= heard
        if kind == REWIND:
            told = [app.plays[user, track] for track in tracks]
            assert all(plays >= 2 and days > 28 for plays, days in told)
        if kind in {DISCOVER, RELEASE_RADAR}:
            assert not set(tracks) & heard
        if kind == RELEASE_RADAR:
            assert set(tracks) <= new
    for user in range(app.users):
        require_whole(app, made, user, hidden, new, k)


def require_whole(  # noqa: PLR0917 - an app, and what was made of it
    app: DrawnPlays, made: Made, user: int, hidden: set[Pair], new: set[int], k: int
) -> None:
    """Require that each playlist that can be is there, as long as it can be."""
    heard = {track for owner, track in app.plays if owner == user}
    unseen = {track for owner, track in hidden if owner == user}
    fresh = set(range(app.tracks)) - heard - unseen
    assert len(made.get((user, DISCOVER, 1), [])) == longest(app, fresh, k)
    assert len(made.get((user, RELEASE_RADAR, 1), [])) == longest(app, fresh & new, k)
    mixes = [number for owner, kind, number in made if (owner, kind) == (user, MIX)]
    assert mixes == list(range(1, len(mixes) + 1))
    assert bool(mixes) == bool(heard - unseen)
    if fresh | heard - unseen:
        assert any(owner == user for owner, _, _ in made), "nobody goes without"


@given(drawn_plays(), st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_a_third_of_what_was_shown_yesterday_and_not_heard_is_new_today(
    app: DrawnPlays, k: int
) -> None:
    first = made_by(app.maker(k))
    shown = {(user, track) for (user, kind, _), its in first.items() if not kind for track in its}
    second = made_by(app.maker(k, shown=shown))
    for user in range(app.users):
        before = first.get((user, DISCOVER, 1), [])
        kept = set(second.get((user, DISCOVER, 1), [])) & set(before)
        assert 3 * len(kept) <= 2 * len(before) or len(before) == 1
        assert bool(before) == ((user, DISCOVER, 1) in second)
    others = {key: tracks for key, tracks in second.items() if key[1] != DISCOVER}
    assert others == {key: tracks for key, tracks in first.items() if key[1] != DISCOVER}


@given(drawn_plays(), drawn_plays())
@settings(max_examples=20, deadline=None)
def test_a_model_that_learned_from_others_leaves_nobody_out(
    before: DrawnPlays, now: DrawnPlays
) -> None:
    maker = now.maker(8, bundle=trained(ItemKnn(), before.data(), seed=0))
    made = made_by(maker)
    for user in range(now.users):
        fresh = set(range(now.tracks)) - {track for owner, track in now.plays if owner == user}
        assert len(made.get((user, DISCOVER, 1), [])) == longest(now, fresh, 8)


@given(drawn_plays())
@settings(max_examples=15, deadline=None)
def test_the_same_data_make_the_same_playlists_however_users_are_cut(app: DrawnPlays) -> None:
    maker = app.maker()
    alone = [listed(maker.of(np.array([user]))) for user in range(app.users)]
    assert made_by(maker) == {key: tracks for part in alone for key, tracks in part.items()}
    assert made_by(app.maker()) == made_by(maker)


@given(drawn_plays(), st.integers(1, 12))
@settings(max_examples=15, deadline=None)
def test_one_popular_playlist_is_for_everybody(app: DrawnPlays, k: int) -> None:
    made = listed(app.maker(k).popular())
    (tracks,) = made.values()
    assert set(made) == {(-1, POPULAR, 1)}
    assert len(tracks) == longest(app, set(range(app.tracks)), k)


def test_without_a_track_or_a_user_there_is_nothing_to_make() -> None:
    assert made_by(DrawnPlays(2, 0).maker()) == {}
    assert listed(DrawnPlays(2, 0).maker().popular()) == {}
    assert len(listed(DrawnPlays(0, 5).maker().popular())) == 1
