"""Instants as programs and people write them, one way for a whole column, to UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ml.data.external.cells import is_number_type, shortened
from ml.data.external.spellings import CLOCK, EPOCH, MONTHS, NEVER, PATTERNS, PLAIN, composed
from ml.errors import UnreadableTable

if TYPE_CHECKING:
    import duckdb

    from ml.data.external.reading_options import ReadingOptions
    from ml.data.external.source import Source

FIRST_YEAR, LAST_YEAR = 1980, 2100
"""Epochs of seconds, milliseconds, microseconds and nanoseconds between them do not overlap."""
_FROM, _UNTIL = 315_532_800, 4_133_980_800
_UNITS = {"seconds": 0, "milliseconds": 3, "microseconds": 6, "nanoseconds": 9}


@dataclass(frozen=True, slots=True)
class Column:
    """The instants of a file, as a column of the table `listens` whose `row` counts from 1."""

    db: duckdb.DuckDBPyConnection
    source: Source
    place: int
    options: ReadingOptions
    name: str = "listened_at"

    def refuse(self, row: int, why: str) -> UnreadableTable:
        """Return an error that names the line and the column."""
        return UnreadableTable(
            self.source.path,
            f"{self.source.at(row)}, column {self.source.names[self.place]}: {why}",
        )

    def first(self, rule: str, *values: object) -> tuple[int, str] | None:
        """Return the first row that has a value and fits a rule, and the value."""
        row = self.db.execute(
            f"select row, {self.name}::varchar from listens"
            f" where {self.name} is not null and ({rule}) order by row limit 1",
            list(values),
        ).fetchone()
        return None if row is None else (int(row[0]), str(row[1]))

    def has_other(self, pattern: str) -> bool:
        """Whether a value is not written in a way."""
        return bool(
            self.db.execute(
                f"select 1 from listens where {self.name} is not null"
                f" and not regexp_full_match({self.name}, ?) limit 1",
                [pattern],
            ).fetchall()
        )

    def retype(self, sql: str) -> None:
        """Make the column one of timestamps."""
        self.db.execute(f"alter table listens alter {self.name} type timestamp using {sql}")


def read_instants(column: Column) -> str:
    """Make a column of `listens` timestamps in UTC; return how they were written.

    Raises:
        UnreadableTable: a value is no instant, is written unlike the others, can mean two days, or
            lies outside the possible years.

    """
    kind = column.source.types[column.place]
    if kind == "VARCHAR":
        said = _read_text(column)
    elif is_number_type(kind):
        column.db.execute(
            f"alter table listens alter {column.name} type varchar"
            f" using {column.name}::decimal(38, 6)::varchar"
        )
        said = _read_epochs(column)
    elif "TIME ZONE" in kind and kind.startswith("TIMESTAMP"):
        column.retype(f"timezone('UTC', {column.name})")
        said = "UTC"
    elif kind == "DATE" or kind.startswith("TIMESTAMP"):
        column.retype(_to_utc(f"{column.name}::timestamp", column.options.time_zone))
        said = f"{'dates' if kind == 'DATE' else 'timestamps'} in {column.options.time_zone}"
    else:
        why = f"column {column.source.names[column.place]} holds {kind.lower()}, no instants"
        raise UnreadableTable(column.source.path, why)
    _require_possible(column)
    return said


def _read_text(column: Column) -> str:
    column.db.execute(f"update listens set {column.name} = null where {column.name} in {NEVER}")
    ways = {"epoch": EPOCH} | {way: pattern for way, (pattern, _) in PATTERNS.items()}
    way = next((way for way, pattern in ways.items() if not column.has_other(pattern)), "")
    if not way:
        raise _unlike(column, ways)
    if way == "epoch" and _are_digits(column):
        way = "digits"
    if way == "ISO 8601" and not column.has_other(PLAIN):
        return _read_plain(column)
    if way == "epoch":
        return _read_epochs(column)
    return _read_parts(column, way, ways[way])


def _read_plain(column: Column) -> str:
    """Read what DuckDB itself takes for timestamps, without taking texts apart."""
    bad = column.first(f"try_cast({column.name} as timestamp) is null")
    if bad is not None:
        raise column.refuse(bad[0], f"'{bad[1]}' is no date or no time of day")
    column.retype(_to_utc(f"{column.name}::timestamp", column.options.time_zone))
    return f"ISO 8601, {column.options.time_zone}"


def _unlike(column: Column, ways: dict[str, str]) -> UnreadableTable:
    """Return an error that names the first value that most others are not written like."""
    counts = {
        way: column.db.execute(
            f"select count(*) from listens where regexp_full_match({column.name}, ?)", [pattern]
        ).fetchall()[0][0]
        for way, pattern in ways.items()
    }
    way = max(counts, key=lambda its: counts[its])
    row, value = column.first(f"not regexp_full_match({column.name}, ?)", ways[way]) or (0, "")
    why = f"'{shortened(value)}' is not written as the others are ({way})"
    if not counts[way]:
        why = f"'{shortened(value)}' is no instant: ISO 8601 is, with a year of four digits"
    return column.refuse(row, why)


def _are_digits(column: Column) -> bool:
    """Whether numbers are years, months and days: 8 digits are no epoch since 1980."""
    rule = f"not regexp_full_match({column.name}, '(19[89]|20)[0-9]{{2}}[01][0-9][0-3][0-9].*')"
    lengths = column.db.execute(
        f"select distinct length({column.name}) from listens where {column.name} is not null"
    ).fetchall()
    return {length for (length,) in lengths} <= {8, 12, 14} and column.first(rule) is None


def _read_epochs(column: Column) -> str:
    """Read numbers by the one unit in which all of them lie in possible years."""
    number = f"try_cast({column.name} as decimal(38, 9))"
    column.db.execute(f"update listens set {column.name} = null where {number} in (0, -1)")
    fits = {
        unit: f"{number} >= {_FROM}{'0' * zeros} and {number} < {_UNTIL}{'0' * zeros}"
        for unit, zeros in _UNITS.items()
    }
    counts = {
        unit: column.db.execute(f"select count(*) from listens where {rule}").fetchall()[0][0]
        for unit, rule in fits.items()
    }
    unit = max(counts, key=lambda its: counts[its])
    other = column.first(f"({fits[unit]}) is not true")
    if other is not None:
        row, value = other
        shown = value.rstrip("0").rstrip(".") if "." in value else value
        why = f"{shown} is no epoch of seconds, milliseconds, microseconds or nanoseconds"
        if counts[unit]:
            why = f"{shown} is no epoch in {unit}, as the others are,"
        raise column.refuse(row, f"{why} between {FIRST_YEAR} and {LAST_YEAR}")
    shift = 6 - _UNITS[unit]
    micros = f"{number} * {10**shift}" if shift >= 0 else f"{number} / {10**-shift}"
    column.retype(f"make_timestamp(floor({micros})::bigint)")
    return f"epoch {unit}"


def _read_parts(column: Column, way: str, pattern: str) -> str:
    """Read years, months, days and the clock out of text."""
    names = PATTERNS[way][1]
    names = names if "zone" in names else [*names, *CLOCK]
    if way == "digits":
        names = ["year", "month", "day", *CLOCK]
    listed = "[" + ", ".join(f"'{name}'" for name in names) + "]"
    column.db.execute(
        f"create or replace temp table parts as select row, {column.name} as value,"
        f" unnest(regexp_extract({column.name}, ?, {listed})) from listens"
        f" where {column.name} is not null",
        [f"^(?:{pattern})$"],
    )
    month, day, said = "month", "day", way
    if "name" in names:
        month = f"list_position({MONTHS}, lower(left(name, 3)))"
    if "one" in names:
        is_day_first = _is_day_first(column)
        month, day = ("two", "one") if is_day_first else ("one", "two")
        said = "day/month/year" if is_day_first else "month/day/year"
    zone = _zone(column)
    column.db.execute(
        "create or replace temp table times as"
        f" select row, value, {composed(month, day)} as instant from parts"
    )
    bad = column.db.execute(
        "select row, value from times where instant is null order by row limit 1"
    ).fetchone()
    if bad is not None:
        raise column.refuse(int(bad[0]), f"'{shortened(str(bad[1]))}' is no date or no time of day")
    column.db.execute(f"alter table listens alter {column.name} type timestamp using null")
    instant = _to_utc("instant", column.options.time_zone) if zone is None else "instant"
    column.db.execute(
        f"update listens set {column.name} = {instant} from times where times.row = listens.row"
    )
    return f"{said}, {zone or column.options.time_zone}"


def _is_day_first(column: Column) -> bool:
    """Decide by the whole column which number is the day, or by what the person says."""
    if column.options.date_order is not None:
        return column.options.date_order == "day-first"
    days, months = column.db.execute(
        "select arg_min(row, row) filter (one::int > 12), arg_min(row, row) filter (two::int > 12)"
        " from parts"
    ).fetchall()[0]
    if (days is None) == (months is None):
        row, value = column.db.execute("select row, value from parts order by row").fetchall()[0]
        why = f"'{shortened(value)}' can be day or month first: --date-order says which"
        if days is not None:
            row, why = months, f"the day stands second here, but first in {column.source.at(days)}"
        raise column.refuse(int(row), why)
    return days is not None


def _zone(column: Column) -> str | None:
    """Return that offsets are given; none where no value has one."""
    count, zones = column.db.execute(
        "select count(*), count(*) filter (zone != '') from parts"
    ).fetchall()[0]
    if not zones:
        return None
    if zones < count:
        row, value = column.db.execute(
            "select row, value from parts where zone = '' order by row limit 1"
        ).fetchall()[0]
        raise column.refuse(int(row), f"'{shortened(value)}' has no offset from UTC, others have")
    return "with offsets"


def _to_utc(sql: str, zone: str) -> str:
    if zone == "UTC":
        return sql
    return f"timezone('UTC', timezone('{ZoneInfo(zone).key}', {sql}))"


def _require_possible(column: Column) -> None:
    odd = column.first(f"year({column.name}) not between {FIRST_YEAR} and {LAST_YEAR}")
    if odd is not None:
        row, value = odd
        raise column.refuse(row, f"{value} is no year of listening ({FIRST_YEAR} to {LAST_YEAR})")
