"""How good the playlists of each kind are, by what was listened to in the week after.

Each kind is measured by what it is for, beside the simplest playlist that could take its place.
All shares are means over users. NDCG is of the ten best tracks as they were ranked, before they
were put in the order in which they are played.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ml.evaluation import metrics
from ml.evaluation.bootstrap import paired_gain
from ml.playlists.heard_before import NOT_LATELY
from ml.playlists.playlist_kinds import (
    DISCOVER,
    KINDS,
    MIX,
    ON_REPEAT,
    PER_ARTIST,
    POPULAR,
    RELEASE_RADAR,
    REWIND,
)
from ml.playlists.selection import Selection, joined, top_cells, varied

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Flags, Floats, Interactions, Ints
    from ml.evaluation.metrics import PerUser
    from ml.playlists.playlist_maker import PlaylistMaker

MOST_USERS = 2_000
"""Test users at most: beyond that, more of them would change no figure by much."""
_CELLS = 20_000_000  # scores at a time: 80 MB


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """Some playlists, and the listens of their users in the test week."""

    tracks: Ints
    """Users x positions, -1 for none."""
    plays: csr_matrix
    """Users x tracks: the listens that count."""

    def hits(self) -> Floats:
        """Return users x positions: the listens of each track."""
        row = np.arange(len(self.tracks))[:, None]
        found = np.asarray(self.plays[row, np.maximum(self.tracks, 0)].todense())
        return np.where(self.tracks >= 0, found, 0).astype(np.float32)

    def share(self) -> PerUser:
        """Return of each user, the share of the listens that are of the playlist's tracks."""
        total = np.asarray(self.plays.sum(axis=1)).ravel()
        shares: PerUser = self.hits().sum(axis=1) / total
        return shares

    def recall(self) -> PerUser:
        """Return of each user, the share of the tracks listened to that are in the playlist."""
        return metrics.recall(self.hits() > 0, np.diff(self.plays.indptr))

    def ndcg(self) -> PerUser:
        """Return NDCG@10 of each user."""
        hits = (self.hits() > 0)[:, :10]
        wide = np.pad(hits, ((0, 0), (0, 10 - hits.shape[1])))
        return metrics.ndcg(wide, np.diff(self.plays.indptr))


def measures(maker: PlaylistMaker, test: Interactions, seed: int) -> dict[str, float]:
    """Make the playlists of the users that listen in the test week, and measure each kind.

    Args:
        maker: By what was known before the week.
        test: The listens of the week, of the same users and tracks.
        seed: Of the intervals.

    Returns:
        The figures by name; a kind without anybody to test it has none.

    """
    users = test_users(test)
    made = made_for(maker, users)
    figures: dict[str, float] = {}
    for name, (own, peers) in _compared(maker, made, test, users).items():
        figures[name] = float(own.mean())
        for peer, values in peers.items():
            gain = paired_gain(own, values, seed=seed)
            figures |= {
                f"{name}_of_{peer}": float(values.mean()),
                f"{name}_gain_over_{peer}": gain.mean,
                f"{name}_gain_over_{peer}_low": gain.low,
                f"{name}_gain_over_{peer}_high": gain.high,
            }
    return figures | _breadth(maker, made)


def test_users(test: Interactions) -> Ints:
    """Return the users that listened to something, or a sample of them."""
    users = np.flatnonzero(np.diff(test.plays.indptr))
    if len(users) <= MOST_USERS:
        return users
    return np.sort(np.random.default_rng(0).choice(users, MOST_USERS, replace=False))


def made_for(maker: PlaylistMaker, users: Ints) -> Selection:
    """Choose the playlists of some users, a chunk at a time."""
    size = max(1, _CELLS // max(maker.data.shape[1], 1))
    parts = [maker.ranked(users[begin : begin + size]) for begin in range(0, len(users), size)]
    return joined(parts) if parts else maker.popular().of(np.zeros(0, np.int64))


def turnover(before: Selection, after: Selection) -> dict[str, float]:
    """Return, of each kind, the share of the tracks that were not in the same playlist before."""
    figures = {}
    for kind, name in enumerate(KINDS):
        its, former = (some.of(np.flatnonzero(some.kind == kind)) for some in (after, before))
        place = {key: at for at, key in enumerate(_keys(former))}
        rows = [(at, place[key]) for at, key in enumerate(_keys(its)) if key in place]
        if rows:
            now, then = (np.array(side) for side in zip(*rows, strict=True))
            tracks = its.tracks[now]
            stays = (tracks[:, :, None] == former.tracks[then][:, None, :]).any(axis=2)
            figures[f"{name}_turnover"] = float(1 - stays[tracks >= 0].mean())
    return figures


def _keys(playlists: Selection) -> list[tuple[int, int]]:
    return list(zip(playlists.user.tolist(), playlists.number.tolist(), strict=True))


def _compared(
    maker: PlaylistMaker, made: Selection, test: Interactions, users: Ints
) -> dict[str, tuple[PerUser, dict[str, PerUser]]]:
    """Return the values of each measure, and of the same by what could take the kind's place."""
    heard = maker.data.plays > 0
    again = test.plays.multiply(heard).tocsr()
    fresh = (test.plays - again).tocsr()
    for matrix in (again, fresh):
        matrix.eliminate_zeros()
    popular = _popular(maker, users)
    new = fresh.multiply(maker.is_new[None, :]).tocsr()
    by_new = _popular(maker, users, maker.is_new)
    lost = again.multiply(_lost(maker)).tocsr()
    named = {
        "discover_ndcg_at_10": (DISCOVER, fresh, Tested.ndcg, {"popularity": popular}),
        "discover_recall": (DISCOVER, fresh, Tested.recall, {"popularity": popular}),
        "on_repeat_share": (ON_REPEAT, again, Tested.share, _by_own_plays(maker, users)),
        "release_radar_ndcg_at_10": (RELEASE_RADAR, new, Tested.ndcg, {"popularity": by_new}),
        "release_radar_recall": (RELEASE_RADAR, new, Tested.recall, {"popularity": by_new}),
        "mix_share": (MIX, test.plays, Tested.share, {}),
        "rewind_share": (REWIND, lost, Tested.share, {}),
        "popular_share": (POPULAR, test.plays, Tested.share, {}),
    }
    values = {}
    for name, (kind, plays, measure, peers) in named.items():
        tracks = popular if kind == POPULAR else _of_kind(made, kind, users)
        its = plays[users]
        some = np.flatnonzero(np.diff(its.indptr))
        if len(some):
            own, *others = (
                measure(Tested(one[some], its[some])) for one in (tracks, *peers.values())
            )
            values[name] = own, dict(zip(peers, others, strict=True))
    return values


def _of_kind(made: Selection, kind: int, users: Ints) -> Ints:
    """Return users x positions: all that a user's playlists of one kind hold, once."""
    its = made.of(np.flatnonzero(made.kind == kind))
    number = int(its.number.max(initial=1))
    width = its.tracks.shape[1]
    tracks = np.full((len(users), number * width), -1)
    place = np.searchsorted(users, its.user)
    for of_user, one, row in zip(place, its.number, its.tracks, strict=True):
        known = tracks[of_user, : (one - 1) * width]
        tracks[of_user, (one - 1) * width : one * width] = np.where(np.isin(row, known), -1, row)
    return tracks


def _popular(maker: PlaylistMaker, users: Ints, which: Flags | None = None) -> Ints:
    """Return what was popular and not heard by each user, at most two of an artist."""
    size = max(1, _CELLS // max(maker.data.shape[1], 1))
    chosen = [np.zeros((0, maker.tracks), np.int64)]
    for begin in range(0, len(users), size):
        some = users[begin : begin + size]
        scores = np.tile(maker.scorer.baseline.listeners, (len(some), 1))
        scores[maker.data.heard(some)] = -np.inf
        if which is not None:
            scores[:, ~which] = -np.inf
        chosen.append(varied(scores, maker.artists, maker.tracks, PER_ARTIST))
    return np.concatenate(chosen)


def _by_own_plays(maker: PlaylistMaker, users: Ints) -> dict[str, Ints]:
    """Return what each user played most, the latest first among equals; and what was latest."""
    plays, last = maker.data.plays, maker.data.last_played
    assert last is not None
    row = np.repeat(np.arange(plays.shape[0]), np.diff(plays.indptr))
    latest = np.argsort(np.argsort(last, kind="stable"), kind="stable")
    scores = {"own_plays": plays.data + latest / (1 + len(latest)), "recency": latest}
    return {
        name: top_cells(row, plays.indices, score, plays.shape[0], maker.tracks)[users]
        for name, score in scores.items()
    }


def _lost(maker: PlaylistMaker) -> csr_matrix:
    """Return users x tracks: 1 where the track was heard, but not for four weeks."""
    lost: csr_matrix = maker.data.plays.copy()
    assert maker.data.last_played is not None
    lost.data = (maker.data.last_played < maker.now - NOT_LATELY).astype(np.float32)
    lost.eliminate_zeros()
    return lost


def _breadth(maker: PlaylistMaker, made: Selection) -> dict[str, float]:
    """Return coverage and novelty of each kind."""
    users, tracks = maker.data.shape
    listeners = np.bincount(maker.data.plays.indices, minlength=tracks)
    figures = {}
    for kind, name in enumerate(KINDS):
        shown = maker.popular().tracks if kind == POPULAR else made.tracks[made.kind == kind]
        if (shown >= 0).any():
            figures[f"{name}_coverage"] = metrics.coverage(shown, tracks)
            figures[f"{name}_novelty"] = metrics.novelty(shown, listeners, users)
    return figures
