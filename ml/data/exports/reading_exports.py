"""Reading of exports: all files of all people into the table `plays`, with a report."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ml.data.exports.archives import Export, names_in, open_export
from ml.data.exports.exported_plays import Plays
from ml.data.exports.lastfm import LASTFM, is_lastfm
from ml.data.exports.listenbrainz import LISTENBRAINZ
from ml.data.exports.owners import people_in, people_of
from ml.data.exports.spotify import SPOTIFY
from ml.errors import MlError, TooFewListens, UnknownTimeZone, UnreadableTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from ml.data.exports.archives import ExportFile
    from ml.data.exports.export_service import Service
    from ml.data.exports.owners import Person
    from ml.data.external.reading_options import ReadingOptions

SERVICES = {service.name: service for service in (SPOTIFY, LASTFM, LISTENBRAINZ)}
_MOST_NAMES = 4


@dataclass(slots=True)
class ExportReport:
    """What was read, what was left out, and the files that were not read."""

    read: str = ""
    left_out: list[str] = field(default_factory=list)
    not_read: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return the report, a line each."""
        others = ", ".join(self.not_read[:_MOST_NAMES])
        if more := len(self.not_read) - _MOST_NAMES:
            others += f" and {more:,} more" if more > 0 else ""
        return [
            f"read      {self.read}",
            f"left out  {'; '.join(self.left_out) or 'nothing'}",
            *([f"not read  {others}"] if self.not_read else []),
        ]


def exports_at(path: Path) -> list[tuple[Person, Service]]:
    """Return the exports at a path: one person's, or a folder with one for each person.

    Nothing is returned for a file that is no archive, or where no service's files are found.
    """
    if not path.is_dir():
        service = _service_of(names_in(path))
        return [(person, service) for person in people_of([str(path)]) if service]
    own = [its.name for its in path.iterdir() if its.is_file()]
    if any(SPOTIFY.knows(name) for name in own) or (path / "listens").is_dir():
        service = _service_of(names_in(path))
        return [(person, service) for person in people_of([str(path)]) if service]
    found = [(person, _service_at(person.path)) for person in people_in(path)]
    return [(person, service) for person, service in found if service]


def _service_at(path: Path) -> Service | None:
    """Return whose export a person's folder, archive or file is; any table may be of listens."""
    service = _service_of(names_in(path) or [path.name])
    if service is LASTFM and path.is_file() and not names_in(path) and not is_lastfm(path):
        return None
    return service


def _service_of(names: list[str]) -> Service | None:
    """Return whose export files of these names are."""
    known = (SPOTIFY, LISTENBRAINZ, LASTFM)
    return next((its for its in known if any(its.knows(name) for name in names)), None)


def read_exports(
    db: duckdb.DuckDBPyConnection,
    exports: list[tuple[Person, Service]],
    options: ReadingOptions,
    folder: Path,
) -> ExportReport:
    """Read exports into the table `plays`, with the canonical form of each name.

    Args:
        db: where the table will be.
        exports: each person's path, and the service that wrote it.
        options: what the files leave open.
        folder: an empty folder for copies.

    Raises:
        UnreadableTable: a file can't be read without a guess; the message names the place.
        TooFewListens: no play is left.

    """
    db.execute("set TimeZone = 'UTC'")
    try:
        ZoneInfo(options.time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise UnknownTimeZone(options.time_zone) from error
    plays, report, files = Plays(db, options), ExportReport(), 0
    for number, (person, service) in enumerate(exports):
        place = folder / f"export{number}"
        place.mkdir()
        files += _read_export(plays, person, service, place, report)
    plays.clear(with_spoken=options.with_spoken)
    report.left_out += [f"{what}: {count:,}" for what, count in plays.left_out.items()]
    summary = _summary(db)
    if summary is None:
        where = ", ".join(str(person.path) for person, _ in exports[:_MOST_NAMES])
        reasons = "; ".join(report.left_out) or "it has no rows"
        raise TooFewListens(f"{where} has no play that counts ({reasons})")
    report.read = f"{files:,} files, {plays.rows:,} rows: {summary}"
    return report


def _read_export(
    plays: Plays, person: Person, service: Service, folder: Path, report: ExportReport
) -> int:
    def wanted(name: str) -> bool:
        return service.knows(name) or service.knows_person(name)

    export = open_export(person.path, folder / "unpacked", wanted)
    about = [file for file in export.files if service.knows_person(file.shown.name)]
    files = [file for file in export.files if file not in about]
    if not files:
        raise UnreadableTable(person.path, _nothing_known(service, export))
    report.not_read += export.others
    if not person.is_named and (name := service.person_in(about)):
        person = replace(person, name=name)
    for number, file in enumerate(files):
        if file.is_empty():
            plays.left_out["empty files"] += 1
            continue
        with _named(file):
            service.read(plays, file, person, folder / f"file{number}")
        for (table,) in plays.db.execute(
            "select table_name from duckdb_tables() where table_name like 'documents%'"
        ).fetchall():
            plays.db.execute(f"drop table {table}")
    return len(files)


def _nothing_known(service: Service, export: Export) -> str:
    there = ", ".join(export.others[:_MOST_NAMES]) or "no file"
    return f"no file of it is a history of {service.name}: it holds {there}"


@contextmanager
def _named(file: ExportFile) -> Iterator[None]:
    """Let errors name a member of an archive, where it was read from a copy."""
    try:
        yield
    except MlError as error:
        error.args = (str(error).replace(str(file.path), str(file.shown)),)
        raise


def _summary(db: duckdb.DuckDBPyConnection) -> str | None:
    total, people, tracks, first, last = db.execute(
        "select sum(plays), count(distinct person), count(distinct (artist_key, title_key)),"
        " min(started_at), max(started_at) from plays"
    ).fetchall()[0]
    if not total:
        return None
    span = f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
    who = f"{people:,} {'person' if people == 1 else 'people'}"
    return f"{total:,} plays of {tracks:,} tracks by {who}, {span}"
