"""Generation of missing blocks, in order."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa

from api.source.world.catalogue import (
    correct_tracks,
    make_artists,
    make_tracks,
    release,
)
from api.source.world.listening import SESSIONS_SCHEMA, make_sessions
from api.source.world.names import make_names
from api.source.world.people import edit_users, make_users
from api.source.world.plays import Plays
from api.source.world.store import Store, only_maker, read_tables, write_table
from api.source.world.taste import Taste, make_appeal, make_listeners
from api.source.world.versions import in_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.source.world.catalogue import Artists
    from api.source.world.names import Names
    from api.source.world.parameters import Parameters

SESSIONS = "listen_history"


class Making:
    """The maker of one world's files."""

    def __init__(self, store: Store, parameters: Parameters) -> None:
        self.store = store
        self.parameters = parameters

    @cached_property
    def names(self) -> Names:
        """The pools of names: made only when a block is."""
        return make_names(self.parameters.seed)

    @cached_property
    def artists(self) -> Artists:
        """The artists: made only when a block is."""
        return make_artists(self.parameters, self.names)

    def make_until(self, block: int) -> Iterator[int]:
        """Make every block up to this one that is not there yet; yield each when it is made."""
        missing = [made for made in range(block + 1) if not self._is_made(made)]
        if not missing:
            return
        with only_maker(self.store.folder):
            for made in missing:
                if not self._is_made(made):
                    self._make(made)
                yield made

    def _is_made(self, block: int) -> bool:
        """The listening is written last: where it is, all of the block is."""
        return self.store.block(SESSIONS, block).exists()

    def _make(self, block: int) -> None:
        self._make_users(block)
        self._make_tracks(block)
        sessions = SESSIONS_SCHEMA.empty_table()  # in block 0 the app is not open yet
        if block:
            taste = Taste.read(self.store.folder, block + 1)
            past = Plays.read([self.store.block(SESSIONS, done) for done in range(block)], taste)
            sessions = make_sessions(self.parameters, block, taste, past)
        write_table(sessions, self.store.block(SESSIONS, block))

    def _make_users(self, block: int) -> None:
        first, stop = self.parameters.user_ids(block)
        created_at = self.parameters.arrivals("sign-ups", block, stop - first)
        listeners = make_listeners(self.parameters, block, created_at)
        write_table(listeners, self.store.model("users", block))
        affinity = listeners["affinity"].combine_chunks().flatten().to_numpy()
        users = make_users(
            self.parameters, block, self.names, affinity.reshape(stop - first, -1), created_at
        )
        if block:
            edits = edit_users(self.parameters, block, self.names, self._known("users", block))
            users = pa.concat_tables([users, edits])
        write_table(in_order(users), self.store.block("users", block))

    def _make_tracks(self, block: int) -> None:
        releases = release(self.parameters, block, self.artists)
        appeal = make_appeal(self.parameters, block, releases)
        write_table(appeal, self.store.model("tracks", block))
        tracks = make_tracks(self.parameters, block, self.names, self.artists, releases)
        if block:
            known = self._known("tracks", block)
            corrections = correct_tracks(self.parameters, block, self.names, known)
            tracks = pa.concat_tables([tracks, corrections])
        write_table(in_order(tracks), self.store.block("tracks", block))

    def _known(self, table: str, block: int) -> pa.Table:
        return read_tables([self.store.block(table, done) for done in range(block)])
