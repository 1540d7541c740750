"""The playlists of a snapshot: found by user or id in mapped arrays."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from api.serving.snapshot import mapped

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

    from api.serving.snapshot.manifest import Manifest
    from api.serving.snapshot.track_lookup import Tracks

_OF_A_USER = re.compile(r"(0|-?[1-9][0-9]{0,9})(-.+)")


class Playlist(NamedTuple):
    """One playlist: what it is called, and where its tracks are."""

    user_id: int | None
    about: dict[str, Any]
    """Its id, kind, title, description and number of tracks."""
    begin: int
    end: int


class Playlists:
    """All playlists of one publication's newest day."""

    def __init__(self, folder: Path, manifest: Manifest, tracks: Tracks) -> None:
        batch = manifest.playlists
        day = batch.day or manifest.made_at.split("T")[0]
        made = {"day": day, "model_version": batch.model_version, "arm": None}
        # of the arms and, last, outside experiments: -1
        self._made = [*(made | arm.model_dump(exclude={"users"}) for arm in manifest.arms), made]
        self._reasons = batch.reasons
        self._tracks = tracks
        self._users = mapped.numbers(folder / "users.ids", "i")
        self._arm = mapped.numbers(folder / "users.arm", "b")
        self._of_user = mapped.numbers(folder / "playlists.of_user", "q")
        self._heading = mapped.numbers(folder / "playlists.heading", "i")
        self._starts = mapped.numbers(folder / "playlists.starts", "q")
        self._headings = mapped.Texts(folder, "headings")
        self._track = mapped.numbers(folder / "playlist_tracks.track", "i")
        self._because = mapped.numbers(folder / "playlist_tracks.because", "i")
        self._reason = mapped.numbers(folder / "playlist_tracks.reason", "b")

    def made(self, user_id: int | None) -> dict[str, Any]:
        """Return of which day and model a user's playlists are, and of which arm, if of any."""
        at = None if user_id is None else self._place_of(user_id)
        return self._made[-1 if at is None else self._arm[at]]

    def of_user(self, user_id: int | None) -> list[Playlist]:
        """Return a user's own playlists; without a user, those for everybody."""
        at = len(self._users) if user_id is None else self._place_of(user_id)
        if at is None:
            return []
        return [
            self._playlist(user_id, place)
            for place in range(self._of_user[at], self._of_user[at + 1])
        ]

    def is_known(self, user_id: int) -> bool:
        """Whether the app has such a user."""
        return self._place_of(user_id) is not None

    def find(self, playlist_id: str) -> Playlist | None:
        """Return one playlist; none when there is no such playlist today."""
        owner = _OF_A_USER.fullmatch(playlist_id)
        found = self.of_user(int(owner[1]) if owner else None)
        return next((one for one in found if one.about["playlist_id"] == playlist_id), None)

    def tracks(self, playlist: Playlist, hidden: Container[int] = ()) -> Iterator[dict[str, Any]]:
        """Yield the tracks of a playlist in their order; hidden ones are left out, as reasons too.

        Each has all that is known of it, its `reason`, and the track that speaks for it, `because`.
        """
        for at in range(playlist.begin, playlist.end):
            track = self._tracks.whole(self._track[at])
            if track["track_id"] not in hidden:
                reason = self._reasons[self._reason[at]]
                yield track | {"reason": reason, "because": self._because_of(at, hidden)}

    def places(self, user_id: int, kind: str) -> list[tuple[int, int]]:
        """Return the tracks of a user's playlists of a kind, and what speaks for each, or -1."""
        return [
            (self._track[at], self._because[at])
            for playlist in self.of_user(user_id)
            if playlist.about["kind"] == kind
            for at in range(playlist.begin, playlist.end)
        ]

    def about(self, playlist: Playlist, hidden: Container[int]) -> dict[str, Any]:
        """Return what a playlist is called, and how many tracks it has without hidden ones."""
        if not hidden:
            return playlist.about
        places = self._track[playlist.begin : playlist.end]
        shown = sum(self._tracks.ids[place] not in hidden for place in places)
        return playlist.about | {"tracks": shown}

    def _place_of(self, user_id: int) -> int | None:
        at = bisect_left(self._users, user_id)
        return at if at < len(self._users) and self._users[at] == user_id else None

    def _because_of(self, at: int, hidden: Container[int]) -> dict[str, Any] | None:
        seed = self._because[at]
        if seed < 0 or self._tracks.ids[seed] in hidden:
            return None
        found: dict[str, Any] = orjson.loads(b"{%b}" % self._tracks.texts[seed])
        return found

    def _playlist(self, user_id: int | None, place: int) -> Playlist:
        heading = orjson.loads(self._headings[self._heading[place]])
        owner = "" if user_id is None else str(user_id)
        begin, end = self._starts[place], self._starts[place + 1]
        about = {"playlist_id": f"{owner}{heading.pop('suffix')}", **heading, "tracks": end - begin}
        return Playlist(user_id, about, begin, end)
