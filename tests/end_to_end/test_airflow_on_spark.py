"""The DAGs build on Spark by one setting; who reads the published file sees no difference."""

from pathlib import Path
from typing import Any

import pytest

from tests.spark.spark_marts import small_spark
from tests.support.airflow_day import AirflowDay
from tests.support.checksums import LAKE_BOUND, checksums, require_rows
from tests.support.emptied import emptied
from tests.support.installation import DAY_1, Installation

pytestmark = [pytest.mark.spark, pytest.mark.timeout(3_000)]


def test_a_day_by_airflow_on_spark_publishes_what_one_on_duckdb_does(
    day_run_by_airflow: tuple[AirflowDay, list[dict[str, Any]]],
    airflow_home: Path,
    data_home: Path,
    tmp_path: Path,
) -> None:
    on_duckdb = day_run_by_airflow[0].installation.marts
    day = AirflowDay(Installation(emptied(data_home)), airflow_home)
    spark = small_spark(tmp_path) | {"MOOVITAMIX_SPARK_CATALOG": "hive"}
    ends = day.does("ingest", "transform", at=DAY_1, MOOVITAMIX_TARGET="spark", **spark)
    assert {end["dag"]: end["state"] for end in ends} == dict.fromkeys(
        ("ingest", "transform"), "success"
    )
    assert set(ends[1]["tasks"].values()) == {"success"}
    assert (day.installation.data_dir / "spark" / "metastore").exists()
    published = checksums(day.installation.marts, leave_out=LAKE_BOUND)
    assert published == checksums(on_duckdb, leave_out=LAKE_BOUND)
    require_rows(published)
