from datetime import date

import pytest

from orchestration.steps.simulate import first_day

TODAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("newest", "days", "first"),
    [
        (None, 1, date(2026, 3, 10)),
        (None, 10, date(2026, 3, 1)),
        (date(2026, 3, 1), 3, date(2026, 3, 2)),
        (date(2026, 3, 9), 1, date(2026, 3, 10)),
        (date(2026, 3, 10), 1, date(2026, 3, 10)),
        (date(2026, 3, 9), 3, date(2026, 3, 8)),
        (date(2027, 1, 1), 2, date(2026, 3, 9)),
    ],
)
def test_days_go_on_from_the_lake_but_never_beyond_today(
    newest: date | None, days: int, first: date
) -> None:
    assert first_day(newest, TODAY, days) == first
