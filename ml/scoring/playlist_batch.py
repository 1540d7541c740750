"""A batch of playlists: its columns, and the playlists of a chunk of users as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from lake.schemas import ML
from ml.playlists.playlist_kinds import (
    KINDS,
    METADATA,
    MODEL,
    NEIGHBOURS,
    POPULARITY,
    REASONS,
    RECOMMENDED,
)
from ml.playlists.playlist_maker import PlaylistMaker, space_for
from ml.playlists.titles import ARTIST, GENRE, Names, names_in, titles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ml.data.interactions import Flags, Floats, Ids, Ints
    from ml.data.snapshot import Snapshot
    from ml.playlists.selection import Selection
    from ml.playlists.shown_before import ShownBefore
    from ml.scoring.batch import Ranking

TABLE = "playlist_tracks"
PLAYLIST_TRACKS = ML[TABLE]


@dataclass(frozen=True, slots=True, eq=False)
class PlaylistRows:
    """Playlists of all users, chunk by chunk, as `PLAYLIST_TRACKS` has them."""

    ranking: Ranking
    """Whose chunks, ids and batch they are."""
    maker: PlaylistMaker
    artists: Names
    genres: Names
    previous_run_id: str | None
    """Of the batch whose `discover` was shown on the day before."""

    def __iter__(self) -> Iterator[Ints]:
        """Yield the chunks of users."""
        return iter(self.ranking)

    def of(self, rows: Ints, scores: Floats | None = None) -> pa.Table:
        """Return the playlists of a chunk of users; `scores`, where they are known, are changed."""
        return self._table(self.maker.of(rows, scores))

    def popular(self) -> pa.Table:
        """Return the playlist for everybody."""
        return self._table(self.maker.popular())

    def _table(self, playlists: Selection) -> pa.Table:
        playlist, position = np.nonzero(playlists.tracks >= 0)
        track = playlists.tracks[playlist, position]
        user = playlists.user[playlist]
        reason, because = self._reasons(user, track, playlists.reason[playlist, position])
        texts = titles(playlists, self.artists, self.genres)
        tracks = self.ranking.tracks
        columns = {
            "user_id": pa.array(_ids(self.ranking.users, user), pa.int32(), mask=user < 0),
            "kind": _named(KINDS, playlists.kind[playlist]),
            "number": pa.array(playlists.number[playlist], pa.int32()),
            "position": pa.array(position + 1, pa.int32()),
            "track_id": pa.array(tracks[track], pa.int32()),
            "reason": _named(REASONS, reason),
            "because_track_id": pa.array(_ids(tracks, because), pa.int32(), mask=because < 0),
            "title": _named([title for title, _ in texts], playlist),
            "description": _named([description for _, description in texts], playlist),
            "previous_run_id": pa.repeat(pa.scalar(self.previous_run_id, pa.string()), len(track)),
        }
        columns |= self.ranking.columns(len(track))
        return pa.table(columns, schema=PLAYLIST_TRACKS)

    def _reasons(self, user: Ints, track: Ints, reason: Ints) -> tuple[Ints, Ints]:
        """Return why each track is there, and the user's own track that speaks most for it."""
        because = np.full(len(track), -1)
        wanted = np.flatnonzero((reason == RECOMMENDED) & (user >= 0))
        because[wanted] = self.ranking.reasons.of(user[wanted], track[wanted])
        explained = np.where(reason == RECOMMENDED, POPULARITY, reason)
        explained[because >= 0] = NEIGHBOURS
        scorer = self.maker.scorer
        is_learned = (scorer.rows[user[wanted]] >= 0) & (scorer.columns[track[wanted]] >= 0)
        explained[wanted[is_learned]] = MODEL
        unexplained = wanted[explained[wanted] == POPULARITY]
        explained[unexplained[self._is_of_kind(user[unexplained], track[unexplained])]] = METADATA
        return explained, because

    def _is_of_kind(self, user: Ints, track: Ints) -> Ints:
        """Return whether metadata of each track is of what its user plays, or of the profile."""
        baseline = self.maker.scorer.baseline
        own = baseline.taste[user] + baseline.favourites[user]
        return np.flatnonzero(
            np.asarray(own.multiply(baseline.words[track]).sum(axis=1)).ravel() > 0
        )


def playlist_rows(
    ranking: Ranking, now: Snapshot, is_new: Flags, shown: ShownBefore
) -> PlaylistRows:
    """Prepare the playlists of a batch.

    Args:
        ranking: The recommendations of the batch.
        now: What is known of users and tracks.
        is_new: Of each track, whether it is new.
        shown: What `discover` showed on the day before.

    Returns:
        What makes them, chunk by chunk.

    """
    batch, settings = ranking.batch, ranking.settings
    maker = PlaylistMaker(
        scorer=ranking.scorer,
        data=now.data,
        artists=now.artists,
        space=space_for(ranking.scorer, now.artists, settings.playlist_tracks),
        is_new=is_new,
        shown=shown.tracks,
        now=np.datetime64(batch.data_as_of, "us"),
        tracks=settings.playlist_tracks,
        hidden=ranking.hidden,
    )
    artists, genres = (
        names_in(now.data.track_features, one, len(now.data.tracks)) for one in (ARTIST, GENRE)
    )
    return PlaylistRows(ranking, maker, artists, genres, shown.run_id)


def _ids(ids: Ids, place: Ints) -> Ids:
    """Return the id at each place; any where there is no place, for it is masked."""
    return ids[np.maximum(place, 0)] if len(ids) else np.zeros(len(place), np.int64)


def _named(names: list[str] | tuple[str, ...], place: Ints) -> pa.Array:
    coded = pa.DictionaryArray.from_arrays(
        pa.array(place, pa.int32()), pa.array(names, pa.string())
    )
    return coded.dictionary_decode()
