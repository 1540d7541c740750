"""Which stretch of time a pull asks for."""

from datetime import UTC, datetime, timedelta, timezone

from ingestion.source.window import Window, window
from lake.clock import naive_utc

NOW = datetime(2026, 2, 1, 12)
HOUR = timedelta(hours=1)


def test_the_first_pull_begins_at_the_beginning() -> None:
    first = window(None, NOW, HOUR, full=False)
    assert first == Window(None, NOW, "initial")
    assert first.query() == {"updated_until": "2026-02-01T12:00:00"}


def test_a_later_one_begins_an_overlap_before_the_cursor() -> None:
    later = window(NOW - 3 * HOUR, NOW, HOUR, full=False)
    assert later.kind == "incremental"
    assert later.query() == {
        "updated_since": "2026-02-01T08:00:00",
        "updated_until": "2026-02-01T12:00:00",
    }


def test_full_forgets_the_cursor() -> None:
    assert window(NOW, NOW, HOUR, full=True) == Window(None, NOW, "full")


def test_instants_are_utc_without_a_zone() -> None:
    berlin = timezone(timedelta(hours=1))
    assert naive_utc(datetime(2026, 2, 1, 13, tzinfo=berlin)) == NOW
    assert naive_utc(NOW.replace(tzinfo=UTC)) == naive_utc(NOW) == NOW
