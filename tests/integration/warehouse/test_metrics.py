"""The semantic layer answers, and says what plain SQL says."""

import os
import random
import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest

from orchestration.warehouse.semantic.metric_sql import Asked, metric_sql
from tests.support.emptied import emptied
from tests.support.lake import Lake, Load, Record, session
from tests.support.warehouse import OURS, ROOT, Warehouse, _close

FIRST = datetime(2026, 1, 1)
DAYS = 70


def sessions(seed: int = 4) -> list[Record]:
    """Seventy days of some users, who begin one after another, repeat themselves and drop out."""
    dice = random.Random(seed)
    found = []
    for user_id in range(1, 21):
        for day in range(user_id, DAYS, dice.choice([1, 3, 9, 40])):
            started = (FIRST + timedelta(days=day, hours=dice.randrange(24))).isoformat()
            items = [dice.randrange(1, 12) for _ in range(dice.randrange(4))]
            found.append(session(user_id, started, items, started))
    return found


@pytest.fixture(scope="module")
def warehouse(data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A build of a copy of the project, for MetricFlow reads nothing but its `target`."""
    emptied(data_home)
    users: list[Record] = [
        {"id": number, "created_at": FIRST + timedelta(days=number), "updated_at": FIRST}
        for number in range(1, 16)
    ]
    newest = FIRST + timedelta(days=DAYS)
    Lake(data_home).add(Load("1.1", newest, users=users, listen_history=sessions()))
    project = tmp_path_factory.mktemp("metrics") / "dbt_project"
    shutil.copytree(OURS, project, ignore=shutil.ignore_patterns("target", "logs"))
    built = Warehouse(data_home, project)
    built.build("--exclude-resource-type", "test")
    return built


@pytest.fixture(scope="module")
def metricflow(warehouse: Warehouse) -> Iterator[Any]:
    """MetricFlow on the build file, as `mf query` has it."""
    from dbt_metricflow.cli.cli_configuration import CLIConfiguration

    with patch.dict(os.environ, MOOVITAMIX_DATA_DIR=str(warehouse.data_dir)):
        before = Path.cwd()
        os.chdir(ROOT)
        try:
            asked = CLIConfiguration()
            asked.setup(ROOT, warehouse.project, configure_file_logging=False)
            yield asked.mf
        finally:
            os.chdir(before)
            _close()


def answer(metricflow: Any, metric: str, grain: str) -> dict[date, float]:
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    asked = MetricFlowQueryRequest.create(
        metric_names=[metric], group_by_names=[f"metric_time__{grain}"]
    )
    rows = metricflow.query(asked).result_df.rows
    return {start.date(): float(value) for start, value in rows if value is not None}


LISTENS = "(select *, {period} as period from fact_listen_history)"
COHORTS = """(
    select
        user_id, date_trunc('{grain}', first) as period, first + 34 < date '2026-03-12' as is_over,
        exists (
            from fact_listen_history as later
            where later.user_id = firsts.user_id
                and later.listened_at::date - first between 28 and 34
        ) as is_back
    from (
        select user_id, min(listened_at)::date as first from fact_listen_history group by all
    ) as firsts
)"""
PLAIN = {
    "listens": ("count(*)", LISTENS),
    "active_users": ("count(distinct user_id)", LISTENS),
    "unique_tracks": ("count(distinct track_id)", LISTENS),
    "listens_per_active_user": ("count(*) / count(distinct user_id)", LISTENS),
    "repeat_share": ("1 - count(distinct (user_id, track_id)) / count(*)", LISTENS),
    "heard_pairs": ("count(distinct (user_id, track_id))", LISTENS),
    "new_users": (
        "count(*)",
        "(select date_trunc('{grain}', created_at) as period from dim_users"
        " where created_at is not null)",
    ),
    "listeners_with_a_week_4": ("count(*) filter (is_over)", COHORTS),
    "listeners_back_in_week_4": ("count(*) filter (is_over and is_back)", COHORTS),
    "week_4_retention": (
        "count(*) filter (is_over and is_back) / nullif(count(*) filter (is_over), 0)",
        COHORTS,
    ),
}


@pytest.mark.parametrize("grain", ["day", "week", "month"])
@pytest.mark.parametrize("metric", PLAIN)
def test_a_metric_is_what_plain_sql_says(
    metric: str, grain: str, metricflow: Any, warehouse: Warehouse
) -> None:
    found = answer(metricflow, metric, grain)
    _close()
    expression, rows = PLAIN[metric]
    source = rows.format(grain=grain, period=f"date_trunc('{grain}', listened_at)")
    plain = warehouse.rows(f"select period::date, {expression} from {source} group by period")
    expected = {period: float(value) for period, value in plain if value is not None}
    assert expected
    assert found == pytest.approx(expected)


def answer_of_ours(warehouse: Warehouse, asked: Asked) -> list[tuple[Any, ...]]:
    """What the project's own compiler answers, on what the published file would have."""
    with duckdb.connect(warehouse.data_dir / "build.duckdb", read_only=True) as built:
        built.execute(
            "create temp view publication as"
            " select cast(max(load_date) as timestamp) as built_at from staging.stg_ops__loads"
        )
        return built.sql(metric_sql(asked)).fetchall()


@pytest.mark.parametrize("grain", ["day", "week", "month"])
@pytest.mark.parametrize("metric", PLAIN)
def test_sql_for_the_published_file_says_what_metricflow_says(
    metric: str, grain: Any, metricflow: Any, warehouse: Warehouse
) -> None:
    expected = answer(metricflow, metric, grain)
    _close()
    rows = answer_of_ours(warehouse, Asked([metric], grain))
    found = {period: float(value) for period, value in rows if value is not None}
    assert expected
    assert found == pytest.approx(expected)


def test_groups_and_filters_say_what_metricflow_says(metricflow: Any, warehouse: Warehouse) -> None:
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    asked = MetricFlowQueryRequest.create(
        metric_names=["listens", "unique_tracks", "repeat_share"],
        group_by_names=["metric_time__month", "user", "track__artist"],
        where_constraints=["{{ Entity('user') }} in (3, 7)"],
        order_by_names=["metric_time__month", "user"],
    )
    expected = [
        (start.date(), user, artist, listens, tracks, pytest.approx(float(share)))
        for start, user, artist, listens, tracks, share in metricflow.query(asked).result_df.rows
    ]
    _close()
    by, where = ["user", "track__artist"], {"user": (3, 7)}
    metrics = ["listens", "unique_tracks", "repeat_share"]
    found = answer_of_ours(warehouse, Asked(metrics, "month", by, where))
    assert expected
    assert found == expected


def test_several_models_meet_in_their_periods(warehouse: Warehouse) -> None:
    rows = answer_of_ours(
        warehouse,
        Asked(["new_users", "listens"], "month", since=date(2026, 2, 1), until=date(2026, 3, 1)),
    )
    plain = "select count(*) from fact_listen_history where month(listened_at) = 2"
    ((listens,),) = warehouse.rows(plain)
    assert rows == [(date(2026, 2, 1), None, listens)]


def test_no_metric_is_left_out(metricflow: Any) -> None:
    assert {metric.name for metric in metricflow.list_metrics()} == set(PLAIN)
