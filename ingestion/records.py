"""The slow, sure way to read a page: record by record, so that a bad one spoils no other."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from ingestion.errors import NotJson, UnexpectedAnswer
from ingestion.tables import IDS, TIMESTAMP, Table, sql_name

BIGINT = range(-(2**63), 2**63)
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


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that can't be read, as JSON text."""

    record: str
    fault: Fault


def open_envelope(raw: bytes, where: str) -> tuple[list[Any], int, int]:
    """A page's records as Python has them, with its `total` and `size`.

    Raises `NotJson` or `UnexpectedAnswer`. Bytes that are no UTF-8 become lone surrogates here,
    which `fault_of` finds in the record that holds them.
    """
    try:
        body = json.loads(raw.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        raise NotJson(where, raw[:80].decode(errors="replace")) from error
    if not isinstance(body, dict):
        raise UnexpectedAnswer(where, f"expected an object, got {_type_name(body)}")
    if not isinstance(body.get("items"), list):
        raise UnexpectedAnswer(where, "it has no list of `items`")
    for count in ("total", "size"):
        if type(body.get(count)) is not int or body[count] < 0:
            raise UnexpectedAnswer(where, f"its `{count}` is {body.get(count)!r}")
    return body["items"], body["total"], body["size"]


def as_json(record: object) -> str:
    """A record as JSON text that any reader can hold, whatever bytes it came with."""
    return json.dumps(record)


def fault_of(record: object, table: Table) -> Fault | None:
    """The first thing in a record that the table's columns can't hold."""
    if not isinstance(record, dict):
        return Fault(f"expected an object, got {_type_name(record)}")
    for column in table.columns:
        now = _misfit(record.get(column.name), column.type)
        if now:
            was = sql_name(column.type)
            shown = json.dumps(record[column.name])[:80]
            return Fault(f"{column.name}: expected {was}, got {now} {shown}", column.name, was, now)
    try:
        json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return Fault("text that is not valid UTF-8")
    return None


def as_text(value: object) -> str | None:
    """The value of a field nobody declared, as text: a string as it is, anything else as JSON."""
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
    return True


def _type_name(value: object) -> str:
    return _JSON_TYPES.get(type(value), "null")
