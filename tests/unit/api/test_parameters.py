"""The calendar of a world, and who arrives when."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from api.source.world.parameters import BLOCK, Parameters, microseconds

WORLD = Parameters(seed=7, users=2000, tracks=5000, days=120, launched_on=date(2026, 7, 1))


@pytest.mark.parametrize(
    ("clock", "block"),
    [
        (datetime(2020, 1, 1), 0),
        (datetime(2026, 6, 30, 23, 59, 59, 999999), 0),
        (datetime(2026, 7, 1), 1),
        (datetime(2026, 7, 30, 23, 59), 1),
        (datetime(2026, 7, 31), 2),
    ],
)
def test_blocks_are_counted_from_the_launch(clock: datetime, block: int) -> None:
    assert WORLD.block_at(clock) == block


def test_blocks_follow_each_other_without_a_gap() -> None:
    spans = [WORLD.span(block) for block in range(20)]

    assert spans[0][1] == microseconds(WORLD.launch)
    assert [end for _, end in spans[:-1]] == [begin for begin, _ in spans[1:]]


def test_the_asked_numbers_have_arrived_after_the_asked_days_and_more_keep_arriving() -> None:
    last_of_days = WORLD.block_at(WORLD.launch + timedelta(days=119))
    ids = [WORLD.user_ids(block) for block in range(last_of_days + 10)]

    assert [stop for _, stop in ids[:-1]] == [first for first, _ in ids[1:]]
    assert ids[0] == (1, 1601)
    assert ids[last_of_days][1] == 2001
    assert all(stop - first == 100 for first, stop in ids[1:])


def test_arrivals_lie_in_their_block_in_order() -> None:
    begin, end = WORLD.span(3)
    arrivals = WORLD.arrivals("sign-ups", 3, 1000)

    assert begin <= arrivals[0] <= arrivals[-1] < end
    assert (arrivals[1:] >= arrivals[:-1]).all()
    assert end - begin == BLOCK // timedelta(microseconds=1)


def test_each_purpose_and_block_has_randomness_of_its_own() -> None:
    draws = {
        int(WORLD.rng(purpose, block).integers(2**62))
        for purpose in ("users", "tracks")
        for block in range(5)
    }

    assert len(draws) == 10
    assert WORLD.rng("users", 3).integers(2**62) == WORLD.rng("users", 3).integers(2**62)
