"""Instants as programs and people write them, one way for a whole column, to UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ml.errors import UnreadableTable
from ml.external.cells import is_number_type, shortened

if TYPE_CHECKING:
    import duckdb

    from ml.external.options import ReadingOptions
    from ml.external.source import Source

FIRST_YEAR, LAST_YEAR = 1980, 2100
"""Epochs of seconds, milliseconds, microseconds and nanoseconds between them do not overlap."""
_FROM, _UNTIL = 315_532_800, 4_133_980_800
_UNITS = {"seconds": 0, "milliseconds": 3, "microseconds": 6, "nanoseconds": 9}

_TIME = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*([AaPp]\.?[Mm]\.?)?"
_ZONE = r"\s*(Z|z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}:?\d{2}|(?:UTC|GMT)?[+-]\d{1,2})?"
_REST = rf"(?:(?:\s*,?\s*(?:at\s+)?|[Tt]){_TIME})?{_ZONE}"
_MONTH = (
    r"((?i:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec|january|february|march|april|june"
    r"|july|august|september|october|november|december))\.?"
)
_DAY = r"(?i:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
_CLOCK = ["hour", "minute", "second", "fraction", "half", "zone"]
_PATTERNS = {
    "ISO 8601": (rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_REST}", ["year", "month", "day"]),
    "digits": (
        r"(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2})(\d{2})(\d{2})?(?:[.](\d+))?)?()(Z)?",
        ["year", "month", "day"],
    ),
    "numbers": (rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}){_REST}", ["one", "two", "year"]),
    "day and month's name": (
        rf"{_DAY}(\d{{1,2}})[\s-]+{_MONTH},?[\s-]+(\d{{4}}){_REST}",
        ["day", "name", "year"],
    ),
    "month's name and day": (
        rf"{_DAY}{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}}){_REST}",
        ["name", "day", "year"],
    ),
    "Unix date": (
        rf"(?i:[a-z]{{3}})\s+{_MONTH}\s+(\d{{1,2}})\s+(\d{{2}}):(\d{{2}}):(\d{{2}})()()"
        rf"{_ZONE}\s+(\d{{4}})",
        ["name", "day", *_CLOCK, "year"],
    ),
}
_EPOCH = r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?"
_NEVER = "('0', '-1', '0.0', '0000-00-00', '0000-00-00 00:00:00', '1970-01-01 00:00:00')"
"""Written for an instant that is not known."""
_MONTHS = "['jan','feb','mar','apr','may','jun','jul','aug','sep','oct','nov','dec']"


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

    def retype(self, sql: str) -> None:
        """Make the column one of timestamps."""
        self.db.execute(f"alter table listens alter {self.name} type timestamp using {sql}")


def read_instants(column: Column) -> str:
    """Make a column of `listens` timestamps in UTC; return how they were written.

    Raises:
        UnreadableTable: a value is no instant, is written unlike the others, can mean two days, or
            lies in a year in which nobody listened.

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


def dates_of(texts: list[str | None]) -> list[datetime | None] | None:
    """Return dates out of ISO 8601 texts, each by its own clock; none where not all are dates."""
    pattern = re.compile(_PATTERNS["ISO 8601"][0])
    dates: list[datetime | None] = []
    for text in texts:
        found = None if text is None else pattern.fullmatch(text)
        if text is not None and found is None:
            return None
        try:
            year, month, day = (0, 0, 0) if found is None else map(int, found.group(1, 2, 3))
            dates.append(None if found is None else datetime(year, month, day))
        except ValueError:
            return None
    return dates


def _read_text(column: Column) -> str:
    column.db.execute(f"update listens set {column.name} = null where {column.name} in {_NEVER}")
    counts = {
        way: column.db.execute(
            f"select count(*) from listens where regexp_full_match({column.name}, ?)", [pattern]
        ).fetchall()[0][0]
        for way, pattern in _ways().items()
    }
    way = max(counts, key=lambda its: (counts[its], its == "digits"))
    pattern = _ways()[way]
    if way == "epoch" and counts["digits"] == counts["epoch"] and _are_digits(column):
        way, pattern = "digits", _ways()["digits"]
    other = column.first(f"not regexp_full_match({column.name}, ?)", pattern)
    if other is not None:
        row, value = other
        why = (
            f"'{shortened(value)}' is not written as the others are ({way})"
            if counts[way]
            else f"'{shortened(value)}' is no instant: ISO 8601 or an epoch is"
        )
        raise column.refuse(row, why)
    if way == "epoch":
        return _read_epochs(column)
    return _read_parts(column, way, pattern)


def _ways() -> dict[str, str]:
    return {"epoch": _EPOCH} | {way: pattern for way, (pattern, _) in _PATTERNS.items()}


def _are_digits(column: Column) -> bool:
    """Whether numbers are years, months and days: 8 digits are no epoch since 1980."""
    rule = f"not regexp_full_match({column.name}, '(19[89]|20)[0-9]{{2}}[01][0-9][0-3][0-9].*')"
    lengths = column.db.execute(
        f"select distinct length({column.name}) from listens where {column.name} is not null"
    ).fetchall()
    return column.first(rule) is None and {length for (length,) in lengths} <= {8, 12, 14}


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
    names = _PATTERNS[way][1]
    names = names if "zone" in names else [*names, *_CLOCK]
    if way == "digits":
        names = ["year", "month", "day", *_CLOCK]
    listed = "[" + ", ".join(f"'{name}'" for name in names) + "]"
    column.db.execute(
        f"create or replace temp table parts as select row, {column.name} as value,"
        f" unnest(regexp_extract({column.name}, ?, {listed})) from listens"
        f" where {column.name} is not null",
        [f"^(?:{pattern})$"],
    )
    month, day, said = "month", "day", way
    if "name" in names:
        month = f"list_position({_MONTHS}, lower(left(name, 3)))"
    if "one" in names:
        is_day_first = _is_day_first(column)
        month, day = ("two", "one") if is_day_first else ("one", "two")
        said = "day/month/year" if is_day_first else "month/day/year"
    zone = _zone(column)
    column.db.execute(
        "create or replace temp table times as"
        f" select row, value, {_composed(month, day)} as instant from parts"
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


def _composed(month: str, day: str) -> str:
    """Return SQL for the instant that parts of text make; null where there is none."""
    hour = (
        "case when half = '' then if(hour = '', '0', hour)"
        " when hour::int not between 1 and 12 then '99'"
        " else (hour::int % 12 + if(lower(left(half, 1)) = 'p', 12, 0))::varchar end"
    )
    clock = (
        f"lpad({hour}, 2, '0') || ':' || if(minute = '', '00', minute) || ':'"
        " || if(second = '', '00', second) || '.' || rpad(left(fraction, 6), 6, '0')"
    )
    local = (
        f"try_cast(year || '-' || lpad(({month})::varchar, 2, '0') || '-'"
        f" || lpad(({day})::varchar, 2, '0') || ' ' || {clock} as timestamp)"
    )
    digits = "regexp_replace(regexp_replace(zone, '^(UTC|GMT)', ''), '[^0-9]', '', 'g')"
    full = f"if(length({digits}) <= 2, lpad({digits}, 2, '0') || '00', {digits})"
    minutes = f"(left({full}, -2)::int * 60 + right({full}, 2)::int)"
    sign = "if(contains(zone, '-'), 1, -1)"
    return (
        f"case when {digits} = '' then {local}"
        f" when {minutes} <= 840 and right({full}, 2)::int < 60"
        f" then {local} + to_minutes({sign} * {minutes}) end"
    )


def _to_utc(sql: str, zone: str) -> str:
    if zone == "UTC":
        return sql
    return f"timezone('UTC', timezone('{ZoneInfo(zone).key}', {sql}))"


def _require_possible(column: Column) -> None:
    odd = column.first(f"year({column.name}) not between {FIRST_YEAR} and {LAST_YEAR}")
    if odd is not None:
        row, value = odd
        raise column.refuse(row, f"{value} is no year of listening ({FIRST_YEAR} to {LAST_YEAR})")
