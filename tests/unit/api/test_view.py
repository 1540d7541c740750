"""A view is one ordered list of records, wherever its rows are kept."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from api.source.view import View, merged, settled, without
from tests.support.rendered import Key, rows

keys = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20)


def records(view: View) -> list[Key]:
    return [tuple(key) for key in json.loads(b"[%b]" % view.read(0, len(view)))]


@given(keys, keys, keys)
def test_rows_in_motion_stand_where_their_keys_put_them(
    early: list[Key], late: list[Key], moving: list[Key]
) -> None:
    late = [(updated_at + 10, identity) for updated_at, identity in late]
    moving = [(2 * updated_at, identity) for updated_at, identity in moving]
    over = [settled(rows(part), 99) for part in (early, late)]

    view = View.of(merged(over, rows(moving)))

    assert records(view) == sorted([*early, *late, *moving])


@given(keys, st.integers(-1, 10))
def test_what_the_clock_has_not_reached_is_not_there(stored: list[Key], clock: int) -> None:
    view = View.of([settled(rows(stored), clock)])

    assert records(view) == sorted(key for key in stored if key[0] <= clock)


@given(keys, st.sets(st.integers(0, 19)))
def test_versions_that_were_replaced_are_left_out(stored: list[Key], gone: set[int]) -> None:
    positions = np.array(sorted(position for position in gone if position < len(stored)), np.int64)

    view = View.of(without(rows(stored), len(stored), positions))

    kept = [key for at, key in enumerate(sorted(stored)) if at not in positions]
    assert records(view) == kept


@given(keys, keys, st.integers(-1, 21))
def test_a_position_counts_the_records_updated_before(
    stored: list[Key], moving: list[Key], instant: int
) -> None:
    view = View.of(merged([settled(rows(stored), 99)], rows(moving)))

    assert view.position(instant) == sum(at < instant for at, _ in [*stored, *moving])
