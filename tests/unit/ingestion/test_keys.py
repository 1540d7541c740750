"""Repeated keys are found, each as often as it came again."""

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.source.keys import hashes, repeats
from ingestion.source.tables import LISTEN_HISTORY, TRACKS

BEGIN = datetime(2026, 1, 1)


def repeated(keys: list[tuple[Any, Any]], parts: int = 1) -> int:
    users, seconds = ([key[position] for key in keys] for position in (0, 1))
    table = pa.table(
        {
            "user_id": pa.array(users, pa.int64()),
            "created_at": pa.array(
                [None if s is None else BEGIN + timedelta(seconds=s) for s in seconds],
                pa.timestamp("us"),
            ),
        }
    )
    size = max(1, -(-len(keys) // parts))
    pieces = [table.slice(start, size) for start in range(0, len(keys), size)]
    return len(repeats([hashes(piece, LISTEN_HISTORY.key) for piece in pieces]))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(-3, 3) | st.none(), st.integers(-3, 3) | st.none())),
    st.integers(1, 4),
)
def test_each_coming_again_counts_and_nulls_are_no_keys(keys: list[Any], parts: int) -> None:
    whole = [key for key in keys if None not in key]
    assert repeated(keys, parts) == len(whole) - len(set(whole))


def test_neighbouring_keys_do_not_collide() -> None:
    assert repeated([(user, second) for user in range(300) for second in range(300)]) == 0


def test_one_column_is_its_own_number() -> None:
    ids = pa.table({"id": pa.chunked_array([[5, -1], [None, 5]], pa.int64())})
    assert repeats([hashes(ids, TRACKS.key)]).tolist() == [5]


def test_nothing_repeats_in_nothing() -> None:
    assert repeats([]).size == 0
