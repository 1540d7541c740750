"""Choice of the next track: a repeat from the user's past, or a draw from their taste."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from api.source.world.parameters import GENRES
from api.source.world.taste import CLOSEST, closeness

if TYPE_CHECKING:
    import numpy.typing as npt

    from api.source.world.factors import Floats, Ints
    from api.source.world.taste import Taste

REPEAT_PROBABILITY = 0.22
"""Taste alone brings back a fifth of the tracks: repeats are 42 % of the listens in all."""
REPEAT_LAG_BEND = 4
"""A repeat is of L plays before, with P(L) falling as 1 / (L + bend)."""
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Shelf:
    """The tracks sorted by genre, with their popularity summed up: where proposals come from."""

    track: Ints
    reach: Floats
    bounds: Floats

    @classmethod
    def of(cls, taste: Taste) -> Shelf:
        """Sort a catalogue."""
        track = np.argsort(taste.genre, kind="stable")
        reach = np.cumsum(taste.popularity[track])
        last = np.searchsorted(taste.genre[track], np.arange(len(GENRES)), side="right")
        return cls(track, reach, np.concatenate([[0.0], reach[last - 1]]))

    def propose(self, genre: Ints, chance: Floats) -> Ints:
        """Draw tracks of the given genres by popularity; `chance` is even over [0, 1)."""
        low, high = self.bounds[genre, None], self.bounds[genre + 1, None]
        place = np.searchsorted(self.reach, low + chance * (high - low), side="right")
        return self.track[np.minimum(place, len(self.track) - 1)]


def fresh_draws(taste: Taste, shelf: Shelf, rng: np.random.Generator, user: Ints, at: Ints) -> Ints:
    """Draw a track row for each user row and instant, from P(track | user) among the released.

    By rejection: propose by popularity inside a genre drawn from the user's affinity, accept by
    taste. The cost follows the draws, not users x tracks.

    Args:
        taste: The model of who likes what.
        shelf: The tracks that are released, by genre.
        rng: The random generator.
        user: User rows, shape (draws,).
        at: Instants in microseconds of the epoch, shape (draws,).

    """
    affinity = taste.affinity[user].cumsum(axis=1)
    chance = rng.random((len(user), 1), dtype=np.float32) * affinity[:, -1:]
    genre = np.minimum((affinity <= chance).sum(axis=1), len(GENRES) - 1)
    drawn = np.full(len(user), -1)
    pending = np.arange(len(user))
    while len(pending):
        proposed = shelf.propose(genre[pending], rng.random((len(pending), _TRIES)))
        exponent = closeness(taste.user_factors[user[pending], None], taste.track_factors[proposed])
        accepted = rng.random(proposed.shape, dtype=np.float32) < np.exp(exponent - CLOSEST)
        accepted &= taste.released[proposed] <= at[pending, None]
        first = accepted.argmax(axis=1)
        done = accepted[np.arange(len(pending)), first]
        drawn[pending[done]] = proposed[done, first[done]]
        pending = pending[~done]
    return drawn


def repeat_lags(rng: np.random.Generator, before: Ints) -> Ints:
    """How many plays back each play repeats, given the number before it; 0 for a fresh draw."""
    repeats = (rng.random(len(before)) < REPEAT_PROBABILITY) & (before > 0)
    stretch = (before + REPEAT_LAG_BEND) / REPEAT_LAG_BEND
    lag = REPEAT_LAG_BEND * stretch ** rng.random(len(before)) - REPEAT_LAG_BEND
    return np.where(repeats, np.clip(np.ceil(lag).astype(np.int64), 1, before), 0)


def follow(
    lag: Ints, before: Ints, past_plays: npt.NDArray[np.int32], past_start: Ints, past_number: Ints
) -> tuple[Ints, Ints]:
    """Follow each repeat back to where its track was drawn.

    Returns, for each play, the play among these that decides its track (itself when it is a fresh
    draw), and the track itself when it was decided by a play of an earlier block, else -1.
    `before` counts all the user's plays so far; `past_plays[past_start:][:past_number]` are those
    of earlier blocks.

    Args:
        lag: How many plays back each repeat goes, 0 for a fresh draw; shape (plays,).
        before: How many plays the user has before each; shape (plays,).
        past_plays: Tracks of the plays of earlier blocks, user by user.
        past_start: Where each play's user begins in `past_plays`.
        past_number: How many earlier plays that user has.

    """
    decides = np.arange(len(lag)) - lag
    back = before - lag
    in_past = (lag > 0) & (back < past_number)
    known = np.full(len(lag), -1)
    known[in_past] = past_plays[past_start[in_past] + back[in_past]]
    decides[in_past] = np.flatnonzero(in_past)
    while not np.array_equal(further := decides[decides], decides):
        decides = further
    return decides, known[decides]
