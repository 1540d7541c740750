"""How many records a load should bring."""

import pytest

from ingestion.validation.bands import FEWEST_LOADS, Band, band


def test_a_young_lake_has_no_band() -> None:
    assert band([100] * (FEWEST_LOADS - 1)) is None


def test_regular_loads_warn_beyond_half_and_fail_beyond_five_times() -> None:
    assert band([1000] * 28) == Band(500, 1500, 200, 5000)


def test_a_handful_is_never_a_fault() -> None:
    assert band([4, 0, 7, 2, 3, 9, 1]) == Band(0, 53, 0, 53)


def test_what_varies_by_itself_may_vary() -> None:
    found = band([200, 1000, 1800, 300, 1500, 900, 2000])
    assert found is not None
    assert found.low == 0
    assert found.warn_high > 3000


@pytest.mark.parametrize("odd", [0, 1_000_000])
def test_one_odd_day_moves_nothing(odd: int) -> None:
    assert band([1000] * 13 + [odd]) == band([1000] * 14)
