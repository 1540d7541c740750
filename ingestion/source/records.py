"""Parsing of a page record by record, where one of them can't be read."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from ingestion.errors import NotJson, UnexpectedAnswer
from ingestion.source.tables import IDS, Table, sql_name
from lake.schemas import TIMESTAMP

BIGINT = range(-(2**63), 2**63)
# Characters shown of what can't be read.
SHOWN = 80
_LOG_IN = re.compile(r"log.?in|sign.?in|password|sso|saml", re.IGNORECASE)
# As Arrow reads instants, those with a zone as UTC; Python's own function takes more, and weeks.
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(?:[ T]\d\d(?::\d\d(?::\d\d(?:\.\d{1,6})?)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_JSON_TYPES = {
    bool: "BOOLEAN",
    int: "BIGINT",
    float: "DOUBLE",
    str: "VARCHAR",
    list: "a list",
    dict: "an object",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record can't be read; `column` is empty where it is no column's fault."""

    reason: str
    column: str = ""
    was: str = ""
    now: str = ""
    shown: str = ""


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record that can't be read, as JSON text."""

    record: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class Envelope:
    """A page as Python objects: its records and counts."""

    records: list[Any]
    total: int
    size: int
    number: int | None


def open_envelope(raw: bytes, where: str) -> Envelope:
    """Parse a page into Python objects.

    Invalid UTF-8 becomes lone surrogates, which `fault_of` finds in the record that has them.

    Raises:
        NotJson: The body is no JSON.
        UnexpectedAnswer: The body is no page.
    """
    text = raw.decode("utf-8", "surrogateescape")
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotJson(where, _fault(text, error)) from None
    except (ValueError, RecursionError) as error:
        raise NotJson(where, f" that can be read: {str(error).partition(';')[0]}") from None
    if not isinstance(body, dict):
        raise UnexpectedAnswer(where, f"expected an object, got {_type_name(body)}")
    if not isinstance(body.get("items"), list):
        raise UnexpectedAnswer(where, "it has no list of `items`")
    for count in ("total", "size"):
        if type(body.get(count)) is not int or body[count] < 0:
            raise UnexpectedAnswer(where, f"its `{count}` is {_shortened(body.get(count))}")
    number = body.get("page")
    return Envelope(
        body["items"], body["total"], body["size"], number if type(number) is int else None
    )


def _fault(text: str, error: json.JSONDecodeError) -> str:
    """The position where a text is no JSON, and the text there."""
    here = text[error.pos : error.pos + SHOWN].encode("utf-8", "replace").decode()
    if not text.strip():
        return ": it is empty"
    if text.lstrip().startswith("<"):
        kind = "an XML document" if text.lstrip().startswith("<?xml") else "a page for people"
        log_in = ", to log in most likely" if _LOG_IN.search(text) else ""
        return f", it begins with {text.lstrip()[:SHOWN]!r} ({kind}{log_in})"
    if not error.pos:
        return f", it begins with {here!r}"
    byte = len(text[: error.pos].encode("utf-8", "surrogateescape"))
    place = f"line {error.lineno}, column {error.colno}, byte {byte:,}"
    if error.pos >= len(text):
        return f": it ends at {place}, in the middle"
    before = text[max(0, error.pos - SHOWN // 2) : error.pos].encode("utf-8", "replace").decode()
    return f": at {place} stands {here!r}, after {before!r} ({error.msg})"


def as_json(record: object) -> str:
    """A record as ASCII JSON, whatever bytes it came with."""
    return json.dumps(record)


def fault_of(record: object, table: Table) -> Fault | None:
    """Find the first value of a record that the table's columns can't hold."""
    if not isinstance(record, dict):
        return Fault(f"expected an object, got {_type_name(record)}")
    for column in table.columns:
        now = _misfit(record.get(column.name), column.type)
        if now:
            was = sql_name(column.type)
            shown = _shortened(record[column.name])
            reason = f"{column.name}: expected {was}, got {now} {shown}"
            return Fault(reason, column.name, was, now, shown)
    try:
        json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return Fault("text that is not valid UTF-8")
    return None


def as_text(value: object) -> str | None:
    """The value of an undeclared field as text: a string as it is, anything else as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _misfit(value: object, data_type: pa.DataType) -> str:
    if value is None:
        return ""
    if data_type == pa.int64() and type(value) is int:  # True is no number here
        return "" if value in BIGINT else "a number beyond it"
    if data_type == IDS and isinstance(value, list):
        misfits = (_misfit(item, data_type.value_type) for item in value)
        return next((f"a list of {misfit}" for misfit in misfits if misfit), "")
    is_text = isinstance(value, str) and data_type in (pa.string(), TIMESTAMP)
    fits = is_text and (data_type == pa.string() or _is_instant(str(value)))
    return "" if fits else _type_name(value)


def _is_instant(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return bool(_INSTANT.fullmatch(text))


def _shortened(value: object) -> str:
    """The beginning of a value as JSON, whatever it holds."""
    try:
        return json.dumps(value)[:SHOWN]
    except ValueError:  # a number of thousands of digits
        return "a number beyond all bounds"


def _type_name(value: object) -> str:
    return _JSON_TYPES.get(type(value), "null")
