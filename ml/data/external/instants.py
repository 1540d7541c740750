"""Parsing of instants, written in one way in the whole column, to UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ml.data.external.cells import is_number_type, shortened
from ml.data.external.spellings import CLOCK, EPOCH, MONTHS, NEVER, PATTERNS, PLAIN, composed

if TYPE_CHECKING:
    from ml.data.external.column import Column
    from ml.data.external.reading_options import ReadingOptions
    from ml.errors import UnreadableTable

FIRST_YEAR, LAST_YEAR = 1980, 2100
"""Epochs of seconds, milliseconds, microseconds and nanoseconds between them do not overlap."""
_FROM, _UNTIL = 315_532_800, 4_133_980_800
_UNITS = {"seconds": 0, "milliseconds": 3, "microseconds": 6, "nanoseconds": 9}


def read_instants(column: Column, options: ReadingOptions) -> str:
    """Make a column one of timestamps in UTC; return how they were written.

    Raises:
        UnreadableTable: a value is no instant, is written unlike the others, can mean two days, or
            lies outside the possible years.

    """
    kind = column.type
    if kind == "VARCHAR":
        form = _read_text(column, options)
    elif is_number_type(kind):
        column.retype("varchar", f"{column.name}::decimal(38, 6)::varchar")
        form = _read_epochs(column)
    elif "TIME ZONE" in kind and kind.startswith("TIMESTAMP"):
        column.retype("timestamp", f"timezone('UTC', {column.name})")
        form = "UTC"
    elif kind == "DATE" or kind.startswith("TIMESTAMP"):
        column.retype("timestamp", _to_utc(f"{column.name}::timestamp", options.time_zone))
        form = f"{'dates' if kind == 'DATE' else 'timestamps'} in {options.time_zone}"
    else:
        raise column.refuse_type("no instants")
    odd = column.first(f"year({column.name}) not between {FIRST_YEAR} and {LAST_YEAR}")
    if odd is not None:
        row, value = odd
        raise column.refuse(row, f"{value} is no year of listening ({FIRST_YEAR} to {LAST_YEAR})")
    return form


def _read_text(column: Column, options: ReadingOptions) -> str:
    column.db.execute(f"update listens set {column.name} = null where {column.name} in {NEVER}")
    ways = {"epoch": EPOCH} | {way: pattern for way, (pattern, _) in PATTERNS.items()}
    way = next((way for way, pattern in ways.items() if not column.has_other(pattern)), "")
    if not way:
        raise _unlike(column, ways)
    if way == "epoch" and _are_digits(column):
        way = "digits"
    if way == "ISO 8601" and not column.has_other(PLAIN):
        return _read_plain(column, options.time_zone)
    if way == "epoch":
        return _read_epochs(column)
    return _read_parts(column, options, way, ways[way])


def _read_plain(column: Column, zone: str) -> str:
    """Read what DuckDB itself takes for timestamps, without taking texts apart."""
    bad = column.first(f"try_cast({column.name} as timestamp) is null")
    if bad is not None:
        raise column.refuse(bad[0], f"'{bad[1]}' is no date or no time of day")
    column.retype("timestamp", _to_utc(f"{column.name}::timestamp", zone))
    return f"ISO 8601, {zone}"


def _unlike(column: Column, ways: dict[str, str]) -> UnreadableTable:
    """Return an error that names the first value that most others are not written like."""
    counts = {
        way: column.count(f"regexp_full_match({column.name}, ?)", pattern)
        for way, pattern in ways.items()
    }
    way = max(counts, key=lambda its: counts[its])
    row, value = column.first_unlike(ways[way]) or (0, "")
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
    """Read numbers by the one unit in which all are in possible years."""
    number = f"try_cast({column.name} as decimal(38, 9))"
    column.db.execute(f"update listens set {column.name} = null where {number} in (0, -1)")
    fits = {
        unit: f"{number} >= {_FROM}{'0' * zeros} and {number} < {_UNTIL}{'0' * zeros}"
        for unit, zeros in _UNITS.items()
    }
    counts = {unit: column.count(rule) for unit, rule in fits.items()}
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
    column.retype("timestamp", f"make_timestamp(floor({micros})::bigint)")
    return f"epoch {unit}"


def _read_parts(column: Column, options: ReadingOptions, way: str, pattern: str) -> str:
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
    month, day, form = "month", "day", way
    if "name" in names:
        month = f"list_position({MONTHS}, lower(left(name, 3)))"
    if "one" in names:
        is_day_first = _is_day_first(column, options)
        month, day = ("two", "one") if is_day_first else ("one", "two")
        form = "day/month/year" if is_day_first else "month/day/year"
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
    column.retype("timestamp", "null")
    instant = _to_utc("instant", options.time_zone) if zone is None else "instant"
    column.db.execute(
        f"update listens set {column.name} = {instant} from times where times.row = listens.row"
    )
    return f"{form}, {zone or options.time_zone}"


def _is_day_first(column: Column, options: ReadingOptions) -> bool:
    """Decide by the whole column which number is the day, or by what the person says."""
    if options.date_order is not None:
        return options.date_order == "day-first"
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
