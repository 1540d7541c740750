"""Listens as columns of codes, which splits and interactions are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml.data.interactions import Features, Floats, Ids, Instants, Interactions, Ints, interactions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ml.data.reactions import Reported


@dataclass(frozen=True, slots=True, eq=False)
class Listens:
    """A listen, or a pair with its plays, per row; ids that only metadata know are there too."""

    users: Ids
    tracks: Ids
    user: Ints
    """Of each row, where its id stands in `users`."""
    track: Ints
    plays: Floats
    at: Instants | None = None
    user_features: Features | None = None
    track_features: Features | None = None
    reported: Reported | None = None
    """Likes and skips; none: there are none."""

    def __len__(self) -> int:
        return len(self.user)

    def only(
        self, which: npt.NDArray[np.bool_] | None = None, until: np.datetime64 | None = None
    ) -> Interactions:
        """Add up the rows that are true in `which`, or all; users and tracks all stay.

        Likes and skips count if they were reported before `until`; without it none does.
        """
        rows = slice(None) if which is None else which
        reactions = None
        if self.reported is not None and until is not None:
            reactions = self.reported.before(until, (len(self.users), len(self.tracks)))
        return interactions(
            self.users,
            self.tracks,
            self.user[rows],
            self.track[rows],
            self.plays[rows],
            last_played=None if self.at is None else self.at[rows],
            user_features=self.user_features,
            track_features=self.track_features,
            reactions=reactions,
        )
