"""The marts read off the records one by one, slowly: what the words mean, without any SQL."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from tests.support.lake import Load, Record

LARGEST = 2**31 - 1
BEFORE_ALL = datetime(1, 1, 1)


def listens(loads: Sequence[Load]) -> set[tuple[Any, ...]]:
    """The rows of fact_listen_history."""
    return {
        (user_id, track_id, started_at, load.as_of.date(), position, load.as_of, load.load_id)
        for (user_id, started_at), (record, load) in _sessions(loads).items()
        for position, track_id in enumerate(record["items"] or [], start=1)
    }


def tracks(loads: Sequence[Load]) -> set[tuple[Any, ...]]:
    """The rows of dim_tracks: id, name, created_at, updated_at, etl_updated_at, is_inferred."""
    known = _winners(_valid(loads, "tracks", _is_track), lambda record: record["id"])
    rows = {
        (key, record["name"], record["created_at"], record["updated_at"], load.as_of, False)
        for key, (record, load) in known.items()
    }
    first_listens: dict[int, datetime] = {}
    for record, load in _sessions(loads).values():
        for track_id in record["items"] or []:
            if track_id not in known:
                first_listens[track_id] = min(first_listens.get(track_id, load.as_of), load.as_of)
    return rows | {(key, None, None, None, first, True) for key, first in first_listens.items()}


def _sessions(loads: Sequence[Load]) -> dict[Any, tuple[Record, Load]]:
    records = _valid(loads, "listen_history", _is_session)
    return _winners(records, lambda record: (record["user_id"], record["created_at"]))


def _valid(loads: Sequence[Load], table: str, rule: Any) -> Iterator[tuple[Record, Load]]:
    for load in loads:
        for record in getattr(load, table):
            if rule(record, load):
                yield record, load


def _is_key(value: int | None) -> bool:
    return value is not None and abs(value) <= LARGEST


def _is_track(record: Record, load: Load) -> bool:
    return _is_key(record["id"]) and record["created_at"] <= load.as_of


def _is_session(record: Record, load: Load) -> bool:
    return (
        _is_key(record["user_id"])
        and record["created_at"] is not None
        and record["created_at"] <= load.as_of
        and all(_is_key(item) for item in record["items"] or [])
    )


def _winners(records: Iterable[tuple[Record, Load]], key: Any) -> dict[Any, tuple[Record, Load]]:
    """By key, of the contents of the newest `updated_at`, the one whose first load is latest."""
    contents: dict[Any, dict[str, tuple[Record, Load]]] = defaultdict(dict)
    for record, load in records:
        content = _text(record)
        known = contents[key(record)].get(content)
        if known is None or load.load_id < known[1].load_id:
            contents[key(record)][content] = (record, load)
    return {one: _winner(list(those.values())) for one, those in contents.items()}


def _winner(contents: list[tuple[Record, Load]]) -> tuple[Record, Load]:
    newest = max(record["updated_at"] or BEFORE_ALL for record, _ in contents)
    rivals = [one for one in contents if (one[0]["updated_at"] or BEFORE_ALL) == newest]
    latest = max(load.load_id for _, load in rivals)
    return min(
        (one for one in rivals if one[1].load_id == latest),
        key=lambda one: (one[0].get("items") or [], one[0].get("name", ""), one[0]["created_at"]),
    )


def _text(record: Record) -> str:
    """A content, whereby a session without a list is one with an empty list."""
    return str({name: value or None for name, value in record.items()})
