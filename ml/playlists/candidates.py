"""What some users may be given: the tracks that they never played, and those that they did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ml.playlists.repeats import repeats

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Floats, Instants, Interactions, Ints
    from ml.models.baseline import Baseline
    from ml.models.bundle import Aligned


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """Pairs of some users and the tracks that they played, in order; users by their place."""

    user: Ints
    track: Ints
    plays: Floats
    last_played: Instants
    decayed: Floats
    """Plays, each counting half after 14 days."""
    again: Floats
    """How likely each track is to be played again soon (`repeats.py`)."""

    def of(self, which: Ints) -> Played:
        """Return some of the pairs, by position."""
        return Played(*(getattr(self, name)[which] for name in self.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The tracks that some users may be given."""

    rows: Ints
    """The users, by their rows in the data."""
    scores: Floats
    """Users x tracks: minus infinity for what was played ever, or is hidden, and nowhere else."""
    played: Played
    """Without what is hidden."""

    @property
    def users(self) -> int:
        """How many there are."""
        return len(self.rows)


def candidates(
    scorer: Aligned, data: Interactions, rows: Ints, scores: Floats, hidden: csr_matrix | None
) -> Candidates:
    """Take from scores, in place, what was played; `scorer` ranks what the champion doesn't know.

    Args:
        scorer: The champion and the baseline, for the users and tracks of `data`.
        data: Who played what.
        rows: Some users.
        scores: What the champion says of them: these users x tracks. It is changed.
        hidden: All users x tracks: stored where a user hid a track, which is given to that user
            in no playlist; none: nothing is hidden.

    Returns:
        What may be given.

    """
    _rank_unknown(scorer, rows, scores)
    played = _played(scorer.baseline, data, rows)
    scores[played.user, played.track] = -np.inf
    if hidden is None:
        return Candidates(rows, scores, played)
    user, at = cells(hidden, rows)
    track = hidden.indices[at]
    scores[user, track] = -np.inf
    is_hidden = np.isin(_cell(played.user, played.track, data), _cell(user, track, data))
    return Candidates(rows, scores, played.of(np.flatnonzero(~is_hidden)))


def cells(matrix: csr_matrix, rows: Ints) -> tuple[Ints, Ints]:
    """Return, of each cell stored in some rows, the place of its row, and its own in `data`."""
    begin, size = matrix.indptr[rows], np.diff(matrix.indptr)[rows]
    row = np.repeat(np.arange(len(rows)), size)
    first = np.repeat(begin - np.concatenate([[0], np.cumsum(size)[:-1]]), size) if len(rows) else 0
    return row, first + np.arange(len(row))


def of_tracks(baseline: Baseline, tracks: Ints) -> Baseline:
    """Return a fitted baseline that scores these tracks only."""
    return replace(
        baseline,
        near=baseline.near[:, tracks],
        words=baseline.words[tracks],
        listeners=baseline.listeners[tracks],
    )


def _rank_unknown(scorer: Aligned, rows: Ints, scores: Floats) -> None:
    """Let tracks that a learned champion does not know follow those that it ranks."""
    unknown = np.flatnonzero(scorer.columns < 0)
    learned = np.flatnonzero(scorer.rows[rows] >= 0)
    if not len(unknown) or not len(learned):
        return
    known = np.flatnonzero(scorer.columns >= 0)
    lowest = np.zeros(len(learned), np.float32)
    if len(known):
        its = scores[np.ix_(learned, known)]
        lowest = np.min(its, axis=1, initial=np.inf, where=np.isfinite(its))
        lowest[~np.isfinite(lowest)] = 0
    by_baseline = of_tracks(scorer.baseline, unknown).scores(rows[learned])
    below = by_baseline - by_baseline.max(axis=1, keepdims=True) - 1
    scores[np.ix_(learned, unknown)] = lowest[:, None] + below


def _played(baseline: Baseline, data: Interactions, rows: Ints) -> Played:
    user, at = cells(data.plays, rows)
    assert data.last_played is not None
    plays = data.plays.data[at]
    decayed = plays if data.decayed is None else data.decayed[at]
    track = data.plays.indices[at].astype(np.int64)
    again = repeats(baseline, rows, user, track, plays, decayed)
    if data.reactions is not None:
        again *= data.reactions.kept(rows[user], track, plays)
    return Played(user, track, plays, data.last_played[at], decayed, again)


def _cell(user: Ints, track: Ints, data: Interactions) -> Ints:
    cell: Ints = user.astype(np.int64) * data.shape[1] + track
    return cell
