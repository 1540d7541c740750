"""What each kind of playlist chooses, in which order, and what it is called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from ml.data.reactions import Reactions
from ml.playlists.factor_space import space_of
from ml.playlists.ordering import in_order
from ml.playlists.playlist_kinds import (
    DISCOVER,
    MIX,
    ON_REPEAT,
    PLAYED_LATELY,
    PLAYED_OFTEN,
    RECOMMENDED,
    RELEASE_RADAR,
    REWIND,
)
from ml.playlists.selection import Selection, capped, selection, varied
from ml.playlists.titles import ARTIST, GENRE, names_in, titles
from tests.support.drawn_plays import DrawnPlays

if TYPE_CHECKING:
    from ml.playlists.playlist_maker import PlaylistMaker

ALONE = np.array([0])


def of_kind(maker: PlaylistMaker, kind: int) -> Selection:
    """Return the playlists of the first user of one kind."""
    made = maker.of(ALONE)
    return made.of(np.flatnonzero(made.kind == kind))


def tracks_of(playlists: Selection) -> set[int]:
    return {int(track) for track in playlists.tracks.ravel() if track >= 0}


def test_what_was_played_lately_is_repeated_before_what_was_played_as_often_long_ago() -> None:
    app = DrawnPlays(1, 9, {(0, 1): (4, 80), (0, 2): (4, 1), (0, 3): (1, 2), (0, 4): (9, 40)})
    repeated = of_kind(app.maker(2), ON_REPEAT)
    assert repeated.tracks.tolist() == [[4, 2]], "nine plays of 40 days ago are 3.6 and 0.9"
    assert repeated.reason.tolist() == [[PLAYED_OFTEN, PLAYED_LATELY]]


def test_what_is_skipped_as_often_as_it_is_played_is_repeated_after_what_is_not() -> None:
    app = DrawnPlays(2, 9, {(0, 1): (5, 1), (0, 2): (4, 1), (1, 1): (5, 1), (1, 2): (4, 1)})
    maker = app.maker(1)
    assert of_kind(maker, ON_REPEAT).tracks.tolist() == [[1]]
    skips = np.array([[0, 5, 0, 0, 0, 0, 0, 0, 0], [0] * 9], np.float32)
    reactions = Reactions(csr_matrix((2, 9), dtype=np.float32), csr_matrix(skips))
    skipping = replace(maker, data=replace(maker.data, reactions=reactions))
    assert of_kind(skipping, ON_REPEAT).tracks.tolist() == [[2]]
    made = skipping.of(np.array([1]))
    assert made.of(np.flatnonzero(made.kind == ON_REPEAT)).tracks.tolist() == [[1]]


def test_rewind_holds_what_was_loved_and_is_not_played_any_more() -> None:
    app = DrawnPlays(
        1, 9, {(0, 1): (2, 60), (0, 2): (7, 40), (0, 3): (1, 60), (0, 4): (9, 27)}, artists=9
    )
    assert of_kind(app.maker(), REWIND).tracks[0, 0] == 2
    assert tracks_of(of_kind(app.maker(), REWIND)) == {1, 2}


def test_the_release_radar_begins_with_the_new_track_that_fits() -> None:
    """The user plays tracks of genre 0 by artist 0."""
    app = DrawnPlays(1, 24, {(0, 0): (3, 2), (0, 15): (2, 3)}, artists=8, genres=3)
    radar = of_kind(app.maker(new=[3, 10, 14, 20]), RELEASE_RADAR)
    assert radar.tracks[0, 0] == 3
    assert tracks_of(radar) == {3, 10, 14, 20}


def test_each_side_of_a_taste_has_a_mix_that_is_named_for_it() -> None:
    """250 tracks of two genres, each of its own artists, played by different people."""
    plays = {
        (user, track): (1 + track % 3, 5.0)
        for user in range(1, 13)
        for track in range(user % 2, 250, 2)
        if (track * 7 + user) % 5 == 0
    }
    plays |= {(0, track): (2, 3.0) for track in (2, 12, 22, 32, 42, 52, 62, 72)}
    plays |= {(0, track): (1, 3.0) for track in (3, 13, 23, 33, 43, 53)}
    app = DrawnPlays(13, 250, plays, artists=50, genres=2)
    maker = app.maker(10)
    mixes = of_kind(maker, MIX)
    assert 2 <= len(mixes) <= 4
    assert (mixes.tracks >= 0).all()
    for tracks in mixes.tracks:
        assert len({int(track) % 2 for track in tracks}) == 1, "of one genre"
    kinds = {reason for row in mixes.reason.tolist() for reason in row}
    assert kinds == {PLAYED_OFTEN, RECOMMENDED}, "some that are played, and some that are new"
    features = maker.data.track_features
    named = [names_in(features, column, 250) for column in (ARTIST, GENRE)]
    told = titles(mixes, *named)
    for (title, description), tracks in zip(told, mixes.tracks, strict=True):
        assert title == f"Genre {tracks[0] % 2} mix: Artist {tracks[0] % 50}"
        assert description.startswith(f"Artist {tracks[0] % 50} and more: ")


def test_a_mix_of_tracks_without_a_name_has_a_number() -> None:
    mixes = selection(MIX, ALONE, np.array([[0, 1]]), PLAYED_OFTEN, 3)
    nothing = names_in(None, GENRE, 2)
    assert titles(mixes, nothing, nothing)[0][0] == "Mix 3"


def test_neighbours_go_together_from_the_best_track_on() -> None:
    angles = np.array([0.0, 0.9, 0.1, 1.0, 0.2])
    factors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    playlists = selection(
        DISCOVER, np.array([5, 6]), np.array([[1, 0, 2, 3, 4], [3, 2, -1, -1, -1]]), 0
    )
    ordered = in_order(playlists, factors)
    assert ordered.tracks.tolist() == [[1, 3, 4, 2, 0], [3, 2, -1, -1, -1]]


def test_a_track_without_factors_stands_where_its_rank_puts_it() -> None:
    playlists = selection(DISCOVER, ALONE, np.array([[2, 0, 1]]), 0)
    assert in_order(playlists, np.zeros((3, 4), np.float32)).tracks.tolist() == [[2, 0, 1]]


def test_an_artist_has_two_places_at_most_and_the_list_is_filled_from_all_that_is_left() -> None:
    scores = np.arange(100, 0, -1, dtype=np.float32)[None, :]
    artists = np.where(np.arange(100) < 95, 0, np.arange(100))
    assert varied(scores, artists, 5, 2).tolist() == [[0, 1, 95, 96, 97]]
    assert capped(np.array([[4, -1, 3, 2]]), np.zeros(5, np.int64), 3, 2).tolist() == [[4, 3, -1]]


def test_the_space_of_tracks_is_the_same_every_time_and_its_pools_fill_a_playlist() -> None:
    plays = {(user, track): (1, 1.0) for user in range(9) for track in range(user, 300, 7)}
    app = DrawnPlays(9, 300, plays, artists=40)
    baseline = app.maker().scorer.baseline
    artists = np.arange(300) % 40
    spaces = [space_of(baseline, artists, 30, 2) for _ in range(2)]
    assert np.array_equal(spaces[0].factors, spaces[1].factors)
    assert np.array_equal(spaces[0].cluster, spaces[1].cluster)
    assert len(spaces[0].pools) == 3
    for number, pool in enumerate(spaces[0].pools):
        assert set(np.flatnonzero(spaces[0].cluster == number)) <= set(pool.tolist())
        counts = np.unique(artists[pool], return_counts=True)[1]
        assert np.minimum(counts, 2).sum() >= 30
