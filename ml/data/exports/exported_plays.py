"""The table `plays` of an import: filled file by file, then cleared of what is no listen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ml.data.exports.canonical import add_keys
from ml.data.external.cells import clean_text
from ml.data.external.column import Column
from ml.data.external.instants import read_instants
from ml.data.external.quantities import read_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from ml.data.external.reading_options import ReadingOptions
    from ml.data.external.source import Source

COLUMNS = {
    "person": "varchar", "artist": "varchar", "album": "varchar", "title": "varchar",
    "started_at": "timestamp", "ms_played": "bigint", "duration_ms": "bigint", "plays": "bigint",
    "is_spoken": "boolean", "kind": "varchar",
}  # fmt: skip
ACCOUNT, EXTENDED, TABLE = "account", "extended", "table"
"""Kinds of rows that differ in how repeats are known; the others are a service's name."""
_MOST_PLAYS = 100_000


@dataclass(slots=True)
class Plays:
    """The plays of all files read so far, and the number of rows left out by reason."""

    db: duckdb.DuckDBPyConnection
    options: ReadingOptions
    left_out: Counter[str] = field(default_factory=Counter)
    rows: int = 0

    def __post_init__(self) -> None:
        columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        self.db.execute(f"create table plays ({columns})")

    def add(
        self, source: Source, fields: Mapping[str, str], at: int, numbers: Mapping[str, int]
    ) -> None:
        """Append the rows of a file.

        Args:
            source: the file.
            fields: SQL of each column of `plays` that the file has. Names are read from the file;
                the others from `listened_at`, `numbers` and fields whose names begin with `_`.
            at: where the column of instants stands in the file.
            numbers: columns of numbers, and where each stands.

        Raises:
            UnreadableTable: an instant or a number can't be read; the message names the place.

        """
        own = {name[1:]: sql for name, sql in fields.items() if name.startswith("_")}
        texts = {"artist", "album", "title", "person"} & fields.keys()
        read = {"listened_at": source.selects[at]} | own
        read |= {name: source.selects[place] for name, place in numbers.items()}
        read |= {name: fields[name] for name in texts}
        chosen = ", ".join(f"({sql}) as {name}" for name, sql in read.items())
        self.db.execute(
            "create or replace table listens as select row_number() over () as row, *"
            f" from (select {chosen} from {source.reader})"
        )
        if source.types[at] == "VARCHAR":
            clean_text(self.db, "listens", "listened_at")
            self.db.execute(
                "update listens set listened_at = null"
                " where regexp_matches(listened_at, '^0?1 Jan 1970\\b')"
            )
        if self._count("listens", "listened_at is not null"):
            read_instants(Column(self.db, source, at, "listened_at"), self.options)
        else:
            self.db.execute("alter table listens alter listened_at type timestamp using null")
        for name, place in numbers.items():
            if source.types[place] == "VARCHAR":
                clean_text(self.db, "listens", name)
            read_numbers(Column(self.db, source, place, name))
        self._append({**fields, **{name: _clean(name) for name in texts}})

    def _append(self, fields: Mapping[str, str]) -> None:
        defaults = {"plays": "1", "is_spoken": "false", "started_at": "listened_at"} | dict(fields)
        selects = [f"({defaults.get(name, 'null')})::{kind}" for name, kind in COLUMNS.items()]
        before = self._count("plays", "true")
        self.db.execute(f"insert into plays select {', '.join(selects)} from listens order by row")
        self.rows += self._count("plays", "true") - before

    def clear(self, *, with_spoken: bool) -> None:
        """Leave out what is no listen to a known track, and repeats; count each."""
        least = self.options.least_ms_played
        if not with_spoken:
            self._leave_out("is_spoken", "podcasts and audiobooks")
        self._leave_out("person is null", "rows without a person")
        self._leave_out("title is null", "rows without a track")
        self._leave_out("started_at is null", "rows without an instant")
        self._leave_out("coalesce(plays, 0) < 1", "rows without plays")
        self._leave_out(f"plays > {_MOST_PLAYS}", f"rows of more than {_MOST_PLAYS:,} plays")
        self._leave_out(
            "lower(title) = 'unknown track' and lower(artist) = 'unknown artist'",
            "tracks that the service no longer knows",
        )
        if least:
            self._leave_out(f"ms_played < {least}", f"plays under {least / 1000:g} s")
        add_keys(self.db, "plays")
        self._leave_repeats_out()

    def _leave_repeats_out(self) -> None:
        """Count a play once that stands in two files or two kinds of export of one service.

        Account data tell minutes, the extended history seconds, both the same milliseconds.
        """
        same = "person, artist_key, title_key, started_at"
        self._leave_out(
            f"kind != '{TABLE}' and rowid not in"
            f" (select min(rowid) from plays where kind != '{TABLE}' group by {same}, kind)",
            "repeated rows",
        )
        end = "date_trunc('minute', started_at + to_milliseconds(ms_played))"
        key = f"person, artist_key, title_key, ms_played, {end}"
        self._leave_out(
            f"kind = '{ACCOUNT}'"
            f" and ({key}) in (select {key} from plays where kind = '{EXTENDED}')",
            "plays of the account data that the extended history has",
        )

    def _leave_out(self, rule: str, what: str) -> None:
        if number := self._count("plays", rule):
            self.db.execute(f"delete from plays where {rule}")
            self.left_out[what] += number

    def _count(self, table: str, rule: str) -> int:
        query = f"select count(*) from {table} where {rule}"
        return int(self.db.execute(query).fetchall()[0][0])


def _clean(name: str) -> str:
    """Return SQL for a name without spaces around it, null where it is empty; `NA` is a name."""
    return f"nullif(nfc_normalize(trim({name}, ' \t\r\n\u00a0\u200b\ufeff')), '')"
