"""The tables of the API's contract, and of feedback: columns, types and keys."""

from dataclasses import dataclass

import pyarrow as pa

from lake.schemas import RAW, TIMESTAMP

IDS = pa.list_(pa.int64())

_SQL_NAMES = {pa.int64(): "BIGINT", pa.string(): "VARCHAR", TIMESTAMP: "TIMESTAMP"}


def sql_name(data_type: pa.DataType) -> str:
    """The SQL name of a type; Arrow's name for a type that our tables don't have."""
    if pa.types.is_list(data_type):
        return f"{sql_name(data_type.value_type)}[]"
    return _SQL_NAMES.get(data_type, str(data_type))


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the API and its endpoint; `person` is the column with a user's id."""

    name: str
    columns: pa.Schema
    key: tuple[str, ...]
    person: str | None = None


TRACKS = Table("tracks", RAW["tracks"], ("id",))
USERS = Table("users", RAW["users"], ("id",), person="id")
LISTEN_HISTORY = Table(
    "listen_history", RAW["listen_history"], ("user_id", "created_at"), person="user_id"
)
TABLES = (TRACKS, USERS, LISTEN_HISTORY)
"""The tables that are pulled from the API."""
FEEDBACK = Table("feedback", RAW["feedback"], ("key",), person="user_id")
"""What the serving API received, pulled from its inbox."""
LAKE_TABLES = (*TABLES, FEEDBACK)

REJECTED = RAW["rejected"]


def envelope(columns: pa.Schema) -> pa.Schema:
    """The schema of a page: its records and counts."""
    counts = [(name, pa.int64()) for name in ("total", "page", "size", "pages")]
    return pa.schema([("items", pa.list_(pa.struct(list(columns)))), *counts])
