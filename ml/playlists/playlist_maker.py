"""All playlists of some users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml.playlists.candidates import candidates
from ml.playlists.factor_space import space_of
from ml.playlists.heard_before import on_repeat, rewind
from ml.playlists.mixes import mixes
from ml.playlists.never_heard import discover, popular, release_radar
from ml.playlists.ordering import in_order
from ml.playlists.playlist_kinds import PER_ARTIST
from ml.playlists.selection import Selection, joined

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_matrix

    from ml.data.interactions import Flags, Floats, Interactions, Ints
    from ml.models.bundle import Aligned
    from ml.playlists.factor_space import Space


@dataclass(frozen=True, slots=True, eq=False)
class PlaylistMaker:
    """All that playlists are made of, whichever machine makes them."""

    scorer: Aligned
    data: Interactions
    artists: Ints
    """Of each track, the number of its artist."""
    space: Space
    is_new: Flags
    """Of each track."""
    shown: csr_matrix
    """Users x tracks: stored where `discover` showed the track yesterday."""
    now: np.datetime64
    tracks: int
    """Of a playlist, where the catalogue allows."""
    hidden: csr_matrix | None = None
    """Users x tracks: stored where the user hid the track; none: nothing is hidden."""

    def of(self, rows: Ints, scores: Floats | None = None) -> Selection:
        """Make the playlists of some users; `scores`, where they are known, are changed."""
        return in_order(self.ranked(rows, scores), self.space.factors)

    def ranked(self, rows: Ints, scores: Floats | None = None) -> Selection:
        """Choose the tracks of the same playlists, the best of each first."""
        if scores is None:
            scores = self.scorer.scores(rows)
        some = candidates(self.scorer, self.data, rows, scores, self.hidden)
        k = self.tracks
        made = [
            discover(some, self.artists, self.shown, k),
            on_repeat(some, self.now, k),
            release_radar(some, self.scorer, self.artists, self.is_new, k),
            mixes(some, self.space, self.artists, k),
            rewind(some, self.artists, self.now, k),
        ]
        return joined(made)

    def popular(self) -> Selection:
        """Make the playlist for everybody."""
        made = popular(self.scorer.baseline, self.artists, self.tracks)
        return in_order(made, self.space.factors)


def space_for(scorer: Aligned, artists: Ints, k: int) -> Space:
    """Return the space of tracks that a maker needs.

    Args:
        scorer: The model, aligned with users and tracks.
        artists: The artist of each track, shape (tracks,); -1 where unknown.
        k: The length of a playlist.

    """
    return space_of(scorer.baseline, artists, k, PER_ARTIST)
