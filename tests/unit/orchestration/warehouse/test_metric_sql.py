"""SQL of metrics: what can be asked for, and what is refused in one line."""

from datetime import date

import duckdb
import pytest

from orchestration.run.errors import DimensionUnknown, MetricUnknown
from orchestration.warehouse.semantic.definitions import semantic_layer
from orchestration.warehouse.semantic.metric_sql import Asked, metric_sql

MARTS = """
    create table publication as select timestamp '2026-03-01' as built_at;
    create table dim_users as select 1 as user_id, timestamp '2026-01-01' as created_at;
    create table dim_tracks as
        select * from (values (1, 'A', 'Rock'), (2, 'O''Hara', 'Folk'), (3, null, null))
        as rows (track_id, artist, genres);
    create table fact_listen_history as
        select * from (values
            (1, 1, timestamp '2026-01-05 10:00'), (1, 1, timestamp '2026-01-06 10:00'),
            (2, 2, timestamp '2026-01-12 10:00'), (2, 3, timestamp '2026-01-13 10:00')
        ) as rows (user_id, track_id, listened_at);
"""


def answer(asked: Asked) -> list[tuple[object, ...]]:
    with duckdb.connect() as marts:
        marts.execute(MARTS)
        return marts.sql(metric_sql(asked)).fetchall()


def test_without_a_grain_all_time_is_one_row() -> None:
    assert answer(Asked(["listens", "active_users", "repeat_share"])) == [(4, 2, 0.25)]


def test_the_highest_come_first_and_no_more_than_asked_for() -> None:
    asked = Asked(["listens"], by=["track__artist"], order="-listens", limit=2)
    assert answer(asked) == [("A", 2), ("O'Hara", 1)]


def test_a_value_with_a_quote_is_a_value() -> None:
    asked = Asked(["listens"], "week", where={"track__artist": "O'Hara"})
    assert answer(asked) == [(date(2026, 1, 12), 1)]
    assert answer(Asked(["listens"], where={"track__artist": "' or true --"})) == [(None,)]


def test_days_limit_what_counts() -> None:
    limited = Asked(["listens"], "day", since=date(2026, 1, 6), until=date(2026, 1, 13))
    assert answer(limited) == [(date(2026, 1, 6), 1), (date(2026, 1, 12), 1)]


def test_a_ratio_of_nothing_is_null() -> None:
    assert answer(Asked(["week_4_retention"], where={"listener": 9})) == [(None,)]


def test_every_metric_can_be_compiled_by_everything_that_it_has() -> None:
    for name in semantic_layer().metrics:
        for dimension in semantic_layer().dimensions_of(name):
            if not dimension.endswith(("__name", "__album")):  # the tracks above have none
                answer(Asked([name], "month", [dimension]))


def test_what_there_is_not_is_told_with_what_there_is() -> None:
    with pytest.raises(MetricUnknown, match="no metric 'lisens'; there are active_users, "):
        metric_sql(Asked(["lisens"]))
    with pytest.raises(DimensionUnknown, match="new_users has no dimension 'track__artist'"):
        metric_sql(Asked(["new_users"], by=["track__artist"]))
    with pytest.raises(DimensionUnknown, match="'; drop"):
        metric_sql(Asked(["listens"], order="'; drop"))
