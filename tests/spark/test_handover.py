"""What Spark built reaches readers of DuckDB by the same publication, whole or not at all."""

from pathlib import Path

import pytest

from orchestration.run.errors import HandoverIncomplete, NotValidated
from orchestration.run.lock import hold
from orchestration.run.settings import Settings
from orchestration.warehouse.engines.handover import hand_over
from orchestration.warehouse.publishing.publish import publish
from tests.integration.warehouse.test_marts import a_crowded_lake
from tests.spark.spark_marts import SparkMarts
from tests.support.checksums import checksums
from tests.support.lake import Lake
from tests.support.warehouse import Warehouse

pytestmark = [pytest.mark.spark, pytest.mark.timeout(3000)]


def handed_over(data_dir: Path) -> int:
    with hold(data_dir, "publish", 0) as lock:
        rows = hand_over(Settings(data_dir=data_dir), lock)
        publish(Settings(data_dir=data_dir), lock)
    return rows


def test_readers_of_duckdb_get_what_spark_built(data_dir: Path, spark: SparkMarts) -> None:
    Lake(data_dir).add(*a_crowded_lake(seed=3))
    with pytest.raises(NotValidated, match="Spark's last build"):
        handed_over(data_dir)
    spark.build()
    assert handed_over(data_dir) > 100
    by_spark = checksums(data_dir / "marts.duckdb")
    assert handed_over(data_dir) == 0  # that build is there already

    (data_dir / "build.duckdb").unlink()
    lost = next((data_dir / "spark/warehouse/main.db/dim_users").rglob("*.parquet"))
    kept = lost.read_bytes()
    lost.unlink()
    with pytest.raises(HandoverIncomplete, match="dim_users"):
        handed_over(data_dir)
    assert checksums(data_dir / "marts.duckdb") == by_spark
    lost.write_bytes(kept)

    warehouse = Warehouse(data_dir)
    (data_dir / "build.duckdb").unlink()
    warehouse.build()
    with hold(data_dir, "publish", 0) as lock:
        publish(Settings(data_dir=data_dir), lock)
    assert checksums(data_dir / "marts.duckdb") == by_spark
