"""Titles and descriptions of playlists; a mix is named for what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from ml.playlists.playlist_kinds import MIX, TITLES

if TYPE_CHECKING:
    from ml.data.interactions import Features, Ints
    from ml.playlists.selection import Selection

ARTIST, GENRE = "artist=", "genres="


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """Values of one column of the tracks' metadata."""

    values: tuple[str, ...]
    of_tracks: csr_matrix
    """Tracks x values: stored where a track has the value."""

    def most_common(self, tracks: Ints) -> list[str]:
        """Return, for each row of tracks, the value that most of them have; empty for none."""
        row, place = np.nonzero(tracks >= 0)
        its = self.of_tracks[tracks[row, place]].tocoo()
        width = max(len(self.values), 1)
        cell, count = np.unique(row[its.row] * width + its.col, return_counts=True)
        order = np.lexsort((cell, -count, cell // width))
        playlist, value = np.divmod(cell[order], width)
        names = [""] * len(tracks)
        first = np.flatnonzero(np.diff(playlist, prepend=-1))
        for at in first:
            names[playlist[at]] = self.values[value[at]]
        return names


def names_in(features: Features | None, column: str, tracks: int) -> Names:
    """Return the values of a column of metadata.

    Args:
        features: Metadata of the tracks; none: nothing is known.
        column: `ARTIST` or `GENRE`.
        tracks: How many tracks there are.

    Returns:
        The values, and which track has which.

    """
    if features is None:
        return Names((), csr_matrix((tracks, 0), dtype=np.float32))
    its = [at for at, name in enumerate(features.names) if name.startswith(column)]
    values = tuple(features.names[at].removeprefix(column) for at in its)
    return Names(values, features.matrix[:, its].tocsr())


def titles(playlists: Selection, artists: Names, genres: Names) -> list[tuple[str, str]]:
    """Return the title and the description of each playlist.

    Args:
        playlists: In order: the first track is the best one.
        artists: Of all tracks.
        genres: Of all tracks.

    Returns:
        A pair per playlist.

    """
    texts = [TITLES.get(int(kind), ("", "")) for kind in playlists.kind]
    which = np.flatnonzero(playlists.kind == MIX)
    tracks = playlists.tracks[which]
    for at, artist, genre in zip(
        which, artists.most_common(tracks[:, :1]), genres.most_common(tracks), strict=True
    ):
        texts[at] = _of_mix(int(playlists.number[at]), artist, genre)
    return texts


def _of_mix(number: int, artist: str, genre: str) -> tuple[str, str]:
    title = f"{genre} mix" if genre else f"Mix {number}"
    description = f"{artist} and more" if artist else "Tracks that go together"
    return (
        f"{title}: {artist}" if artist else title,
        f"{description}: what you play of it, and what goes with that.",
    )
