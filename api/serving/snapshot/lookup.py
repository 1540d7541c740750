"""The snapshot of one publication: users found by binary search in mapped arrays, JSON out."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime
from itertools import chain, islice
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from api.serving.snapshot import mapped
from api.serving.snapshot.filtering import Row, Wanted, selected
from api.serving.snapshot.manifest import FORMAT, STRATEGIES, Manifest
from api.serving.snapshot.playlist_lookup import Playlists
from api.serving.snapshot.similar_lookup import Similar
from api.serving.snapshot.track_lookup import Tracks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import timedelta
    from pathlib import Path

POPULARITY, AGAIN = map(STRATEGIES.index, ("popularity", "again"))
_NAMES = tuple(name.encode() for name in STRATEGIES)
_ALL = Wanted()
_ITEM = b'{"rank":%d,%b,"score":%.6g,"strategy":"%b","because":%b}'


class UserAnswer(NamedTuple):
    """One user's answer, and what is counted of it."""

    body: bytes
    strategy: int
    known: bool
    arm: int
    """Of an experiment, by its place in the manifest; -1: none."""


class SessionAnswer(NamedTuple):
    """A page of what goes with some tracks."""

    items: list[bytes]
    total: int
    """Tracks in all pages."""
    known: int
    """How many of the tracks there are."""


class Snapshot:
    """All answers of one publication, in mapped files: workers share the memory."""

    def __init__(self, folder: Path, stale_after: timedelta) -> None:
        self.manifest = Manifest.model_validate_json((folder / "facts.json").read_bytes())
        if self.manifest.format != FORMAT:
            raise ValueError(f"{folder} has format {self.manifest.format}, not {FORMAT}")
        for name, (size, _) in self.manifest.files.items():
            if (folder / name).stat().st_size != size:
                raise ValueError(f"{folder / name} has not the {size} bytes that were written")
        self._users = mapped.numbers(folder / "users.ids", "i")
        self._arm = mapped.numbers(folder / "users.arm", "b")
        self._starts = mapped.numbers(folder / "users.starts", "q")
        self._track = mapped.numbers(folder / "recommendations.track", "i")
        self._score = mapped.numbers(folder / "recommendations.score", "f")
        self._because = mapped.numbers(folder / "recommendations.because", "i")
        self._strategy = mapped.numbers(folder / "recommendations.strategy", "b")
        self._similar = Similar(folder)
        self._tracks = Tracks(folder)
        self.playlists = Playlists(folder, self.manifest, self._tracks)
        self._made_at = (
            datetime.fromisoformat(self.manifest.made_at).replace(tzinfo=UTC).timestamp()
        )
        self._stale_at = self._made_at + stale_after.total_seconds()
        arms = self.manifest.arms
        versions = [*(arm.model_version for arm in arms), self.manifest.model_version]
        # of the arms and, last, outside experiments: -1
        self._arms = [*(orjson.dumps(arm.arm) for arm in arms), b"null"]
        self._fresh, self._old = (
            [self._envelope(version, stale) for version in versions] for stale in (False, True)
        )
        self._popular: list[Row] = [
            (place, listeners, -1, POPULARITY) for place, listeners in self.manifest.popular
        ]

    @property
    def is_stale(self) -> bool:
        """Whether the predictions are older than they should be."""
        return time() > self._stale_at

    def age_seconds(self) -> float:
        """Age of the predictions."""
        return time() - self._made_at

    def envelope(self, arm: int = -1) -> bytes:
        """The fields about the predictions in every answer: the inside of a JSON object.

        The version is that of the arm's model; outside experiments, and where an answer has several
        users, the champion's.
        """
        return (self._old if self.is_stale else self._fresh)[arm]

    def of_user(
        self,
        user_id: int,
        limit: int,
        hidden: Collection[int] = (),
        wanted: Wanted | None = None,
    ) -> UserAnswer:
        """One user's tracks, best first; the popular ones of who has no list.

        Args:
            user_id: A user, known or not.
            limit: Tracks at most.
            hidden: Ids of tracks that the user hid.
            wanted: What the list is limited to, if it is; it is then filled up with popular tracks.

        """
        at = bisect_left(self._users, user_id)
        known = at < len(self._users) and self._users[at] == user_id
        begin, end = (self._starts[at], self._starts[at + 1]) if known else (0, 0)
        if wanted:
            listed = self._rows(begin, end)
            rows = self._selected(self._candidates(user_id, listed, wanted), limit, hidden, wanted)
        elif hidden:
            listed = self._selected(self._rows(begin, end), limit, hidden)
            rows = listed or self._selected(self._popular, limit, hidden)
        else:
            rows = self._rows(begin, min(begin + limit, end)) or self._popular[:limit]
        strategy = rows[0][3] if rows else POPULARITY
        arm = self._arm[at] if known else -1
        return UserAnswer(
            b'"user_id":%d,"known":%b,"strategy":"%b","arm":%b,"items":[%b]'
            % (
                user_id,
                b"true" if known else b"false",
                _NAMES[strategy],
                self._arms[arm],
                b",".join(self._items(rows)),
            ),
            strategy,
            known,
            arm,
        )

    def similar_to(self, track_id: int, limit: int) -> bytes | None:
        """The tracks most like one; none when there is no such track."""
        at = self._tracks.place_of(track_id)
        if at is None:
            return None
        items = [
            b'{"rank":%d,%b,"similarity":%.6g}' % (rank, self._tracks.texts[place], similarity)
            for rank, (place, similarity) in enumerate(self._similar.of_track(at, limit), 1)
        ]
        return b'{"track_id":%d,%b,"items":[%b]}' % (track_id, self.envelope(), b",".join(items))

    def session(self, track_ids: Collection[int], limit: int, page: slice) -> SessionAnswer:
        """What goes with some tracks, filled up with popular ones; unknown ids are ignored.

        Args:
            track_ids: What somebody listens to; left out of the answer.
            limit: Tracks at most, in all pages.
            page: Which of these are wanted.

        """
        places = map(self._tracks.place_of, sorted(set(track_ids)))
        known = [place for place in places if place is not None]
        candidates = chain(self._similar.of_tracks(known), self._popular)
        seeds = Wanted(excluded=frozenset(track_ids))
        rows = self._selected(candidates, limit, (), seeds)
        return SessionAnswer(self._items(rows[page], page.start + 1), len(rows), len(known))

    def model(self) -> bytes:
        """The facts of the served model."""
        manifest = self.manifest
        known: dict[str, Any] = {
            "model_version": manifest.model_version,
            "made_at": manifest.made_at,
            "stale": self.is_stale,
            "data_as_of": manifest.data_as_of,
            "champion": manifest.champion and manifest.champion.model_dump(),
            "publication_version": manifest.publication_version,
            "published_at": manifest.published_at,
            "users": manifest.users,
            "tracks": manifest.tracks,
            "arms": [arm.model_dump() for arm in manifest.arms],
        }
        return orjson.dumps(known)

    def _candidates(self, user_id: int, listed: list[Row], wanted: Wanted) -> Iterable[Row]:
        """Return what may be shown to a user, best first.

        A mode promises tracks that were never heard, or that were: popular ones may be either.
        """
        if wanted.mode == "again":
            repeated = self.playlists.places(user_id, "on_repeat")
            return [(track, 1 / at, seed, AGAIN) for at, (track, seed) in enumerate(repeated, 1)]
        if wanted.mode == "discover" and listed:
            return (row for row in listed if row[3] != AGAIN)
        return chain(listed, self._popular)

    def _selected(
        self, rows: Iterable[Row], limit: int, hidden: Collection[int], wanted: Wanted = _ALL
    ) -> list[Row]:
        return list(islice(selected(self._tracks, rows, hidden, wanted), limit))

    def _rows(self, begin: int, end: int) -> list[Row]:
        return list(
            zip(
                self._track[begin:end].tolist(),
                self._score[begin:end].tolist(),
                self._because[begin:end].tolist(),
                self._strategy[begin:end].tolist(),
                strict=True,
            )
        )

    def _items(self, rows: list[Row], first: int = 1) -> list[bytes]:
        # inline, and over Python's own numbers: a third of the time that a call for each takes
        text, starts, items = self._tracks.texts.content, self._tracks.texts.starts, []
        for rank, (track, score, because, strategy) in enumerate(rows, first):
            reason = (
                b"null" if because < 0 else b"{%b}" % text[starts[because] : starts[because + 1]]
            )
            items.append(
                _ITEM
                % (rank, text[starts[track] : starts[track + 1]], score, _NAMES[strategy], reason)
            )
        return items

    def _envelope(self, version: int | None, stale: bool) -> bytes:
        content = {"model_version": version, "made_at": self.manifest.made_at, "stale": stale}
        return orjson.dumps(content)[1:-1]
