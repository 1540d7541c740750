"""Reading of external logs: listens, and metadata of tracks and users."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from ml.data.exports.listens_file import listens_file
from ml.data.external.cells import require_flat
from ml.data.external.column import Column
from ml.data.external.formats import open_source
from ml.data.external.headers import is_header, is_header_of, key_of, roles_of
from ml.data.external.identifiers import number_ids
from ml.data.external.instants import read_instants
from ml.data.external.metadata import columns_of, load_metadata, require_shared_ids
from ml.data.external.quantities import read_numbers
from ml.data.external.reading_options import ReadingOptions
from ml.data.external.reading_report import Report
from ml.data.external.source import Source, load_columns, unreadable
from ml.data.features import features_of, meaning_of
from ml.data.listens import Listens
from ml.errors import TooFewListens, UnknownTimeZone

if TYPE_CHECKING:
    from ml.data.interactions import Features, Ids

_MOST_PLAYS = 1e12
"""Most plays of a pair: more are implausible, and their sums exceed 32 bits."""
_VALUES = ("listened_at", "plays", "ms_played")


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """Listens, and the report of how they were read."""

    listens: Listens
    report: Report


def read_listens(
    listens: Path,
    tracks: Path | None = None,
    users: Path | None = None,
    options: ReadingOptions | None = None,
) -> Listens:
    """Read listens as `read_log` does, without its report.

    Args:
        listens: The file or folder of listens.
        tracks: A file of metadata of tracks.
        users: A file of metadata of users.
        options: How they are read; by default as they say themselves.

    """
    return read_log(listens, tracks, users, options).listens


def read_log(
    listens: Path,
    tracks: Path | None = None,
    users: Path | None = None,
    options: ReadingOptions | None = None,
) -> Log:
    """Read a user, a track and, where they are there, an instant and plays of each row.

    Every other column of `tracks` and `users` becomes features. `docs/evaluate.md` has the forms,
    names and spellings that are read.

    Args:
        listens: a file of listens, or of users and tracks with their plays; or a folder of people's
            exports from Spotify, Last.fm or ListenBrainz, one for each.
        tracks: a file with a row for each track.
        users: a file with a row for each user.
        options: what the files leave open.

    Raises:
        UnreadableTable: a file can't be read without a guess; the message names the place.
        MissingColumn: a file has no column of users or tracks.
        NoSharedIds: the metadata are of other tracks or users.
        TooFewListens: no row is left.

    """
    with duckdb.connect() as db, TemporaryDirectory() as folder:
        db.execute("set TimeZone = 'UTC'")
        return _Reading(db, Path(folder), options or ReadingOptions()).run(listens, tracks, users)


@dataclass(slots=True)
class _Reading:
    db: duckdb.DuckDBPyConnection
    folder: Path
    options: ReadingOptions
    report: Report = field(default_factory=Report)
    notes: dict[str, str] = field(default_factory=dict)

    def run(self, listens: Path, tracks: Path | None, users: Path | None) -> Log:
        try:
            ZoneInfo(self.options.time_zone)
        except (KeyError, ValueError, OSError) as error:
            raise UnknownTimeZone(self.options.time_zone) from error
        if exported := listens_file(listens, self.folder / "exports", self.options):
            listens, self.report.exports = exported
        known = partial(is_header, asked=self.options.columns)
        source = open_source(self.db, listens, self.folder / "listens", self.options, known)
        places = roles_of(source, self.options.columns)
        load_columns(self.db, source, places)
        names = {
            side: self._load_metadata(source, side, path, places)
            for side, path in (("track", tracks), ("user", users))
            if path is not None
        }
        metadata = {"track": tracks, "user": users}
        if not self.options.only_listened:
            self._number_ids(listens, metadata)
        self._leave_rows_out(source, places)
        if self.options.only_listened:
            self._number_ids(listens, metadata)
        return Log(self._listens(source, places, names), self.report)

    def _load_metadata(
        self, listens: Source, side: str, path: Path, places: dict[str, int]
    ) -> list[str]:
        role = f"{side}_id"
        source = open_source(
            self.db, path, self.folder / side,
            ReadingOptions(encoding=self.options.encoding), is_header_of(role),
        )  # fmt: skip
        key = key_of(source, role, listens.names[places[role]])
        require_flat(source, key)
        try:
            names = load_metadata(self.db, source, side, key)
        except duckdb.Error as error:
            raise unreadable(path, error) from error
        rows, known, distinct = self.db.execute(
            f"select count(*), count({role}), count(distinct {role}) from {side}s"
        ).fetchall()[0]
        if rows > known:
            self.report.left_out.append(f"rows of {path.name} without a {side}: {rows - known:,}")
        if known > distinct:
            twice = f"further rows of a {side} in {path.name}"
            self.report.left_out.append(f"{twice}: {known - distinct:,}")
        return names

    def _leave_rows_out(self, source: Source, places: dict[str, int]) -> None:
        """Read instants and numbers; delete and count rows without information about a taste."""
        total = self._count("true")
        self._delete("user_id is null", "rows without a user")
        self._delete("track_id is null", "rows without a track")
        for role in [role for role in _VALUES if role in places]:
            if not self._count(f"{role} is not null"):
                del places[role]
                continue
            column = Column(self.db, source, places[role], role)
            if role == "listened_at":
                self.notes[role] = read_instants(column, self.options)
                self._delete("listened_at is null", "rows without an instant")
            else:
                self.notes[role] = read_numbers(column)
        if "plays" in places:
            self._delete("plays is null or not isfinite(plays)", "rows without plays")
            self._delete("plays <= 0", "rows with no play or fewer")
            if number := self._count(f"plays > {_MOST_PLAYS}"):
                self.report.left_out.append(f"plays beyond {_MOST_PLAYS:.0e} in rows: {number:,}")
        if "ms_played" in places and (least := self.options.least_ms_played):
            self._delete(f"ms_played < {least}", f"plays under {least / 1000:g} s")
            self.notes["ms_played"] = f"{least / 1000:g} s are the least that counts"
        if not self._count("true"):
            raise TooFewListens(
                f"{source.path} has no row with a user, a track and a play"
                + (f" among {total:,}: {'; '.join(self.report.left_out)}" if total else "")
            )

    def _delete(self, rule: str, what: str) -> None:
        number = self._count(rule)
        if number:
            self.db.execute(f"delete from listens where {rule}")
            self.report.left_out.append(f"{what}: {number:,}")

    def _count(self, rule: str) -> int:
        return int(self.db.execute(f"select count(*) from listens where {rule}").fetchall()[0][0])

    def _number_ids(self, listens: Path, metadata: dict[str, Path | None]) -> None:
        for side, path in metadata.items():
            if path is not None:
                self._compare_ids(side, listens, path)
            number_ids(self.db, side, has_metadata=path is not None)

    def _compare_ids(self, side: str, listens: Path, path: Path) -> None:
        shared, without_listens = require_shared_ids(self.db, side, listens, path)
        heard = self.db.execute(f"select count(distinct {side}_id) from listens").fetchall()[0][0]
        if self.options.only_listened:
            self.db.execute(
                f"delete from {side}s where {side}_id is null"
                f" or {side}_id not in (select {side}_id from listens)"
            )
            if without_listens:
                self.report.left_out.append(
                    f"{side}s of {path.name} without a listen: {without_listens:,}"
                )
        self.report.taken.append(f"{path.name} knows {shared:,} of {heard:,} {side}s")

    def _listens(
        self, source: Source, places: dict[str, int], names: dict[str, list[str]]
    ) -> Listens:
        plays = f"least(plays, {_MOST_PLAYS})" if "plays" in places else "1.0"
        at = ", listened_at as instant" if "listened_at" in places else ""
        columns = {
            name: np.ma.getdata(values)
            for name, values in self.db.execute(
                f"select user_codes.code as user, track_codes.code as track,"
                f" {plays}::double as plays{at} from listens"
                " join user_codes on user_codes.id = user_id"
                " join track_codes on track_codes.id = track_id order by listens.row"
            )
            .fetchnumpy()
            .items()
        }
        metadata = {side: self._features(side, names.get(side, [])) for side in ("track", "user")}
        self.report.describe(self.db, source, places, self.notes)
        return Listens(
            users=self._ids("user"),
            tracks=self._ids("track"),
            user=columns["user"].astype(np.int64),
            track=columns["track"].astype(np.int64),
            plays=columns["plays"].astype(np.float32),
            at=columns["instant"].astype("datetime64[us]") if at else None,
            user_features=metadata["user"],
            track_features=metadata["track"],
        )

    def _ids(self, side: str) -> Ids:
        found: Any = self.db.execute(f"select id from {side}_codes order by code").fetchnumpy()
        ids: Any = np.ma.getdata(found["id"])
        typed: Ids = ids.astype(np.int64 if ids.dtype.kind == "i" else np.str_)
        return typed

    def _features(self, side: str, names: list[str]) -> Features | None:
        columns = columns_of(self.db, side, names)
        separators = () if self.options.split_on is None else (self.options.split_on,)
        self.report.taken += [
            f"{name}: {meaning_of(name, values, separators)}" for name, values in columns.items()
        ]
        return features_of(columns, split_on=separators)
