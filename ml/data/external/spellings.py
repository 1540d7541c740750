"""Formats of dates and times, and the SQL that combines their parts."""

from __future__ import annotations

import re
from datetime import datetime

_TIME = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*([AaPp]\.?[Mm]\.?)?"
_ZONE = r"\s*(Z|z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}:?\d{2}|(?:UTC|GMT)?[+-]\d{1,2})?"
_REST = rf"(?:(?:\s*,?\s*(?:at\s+)?|[Tt]){_TIME})?{_ZONE}"
_MONTH = (
    r"((?i:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec|january|february|march|april|june"
    r"|july|august|september|october|november|december))\.?"
)
_DAY = r"(?i:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
CLOCK = ["hour", "minute", "second", "fraction", "half", "zone"]
PATTERNS = {
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
        ["name", "day", *CLOCK, "year"],
    ),
}
PLAIN = r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?"
EPOCH = r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?"
NEVER = "('0', '-1', '0.0', '0000-00-00', '0000-00-00 00:00:00', '1970-01-01 00:00:00')"
"""Written for an instant that is not known."""
MONTHS = "['jan','feb','mar','apr','may','jun','jul','aug','sep','oct','nov','dec']"


def dates_of(texts: list[str | None]) -> list[datetime | None] | None:
    """Return dates out of ISO 8601 texts, each by its own clock; none where not all are dates."""
    pattern = re.compile(PATTERNS["ISO 8601"][0])
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


def composed(month: str, day: str) -> str:
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
