"""A cluster that loses a worker in the middle of a build ends it right."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.integration.warehouse.test_marts import a_crowded_lake
from tests.spark.spark_marts import small_spark
from tests.spark.standalone import cluster, wait_for
from tests.support.lake import Lake
from tests.support.warehouse import MARTS, Warehouse

pytestmark = [pytest.mark.spark, pytest.mark.timeout(3000)]


def test_a_worker_that_is_killed_in_mid_build_is_not_missed(data_dir: Path, tmp_path: Path) -> None:
    Lake(data_dir).add(*a_crowded_lake(seed=2))
    environment = small_spark(tmp_path / "conf", log="info")
    sessions = data_dir / "spark/warehouse/staging.db/int_sessions"
    log_file = tmp_path / "build.log"  # an unread pipe would stop the build
    with log_file.open("w") as log, cluster(tmp_path, environment) as stands:
        building = subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli.main", "build", "--target", "spark"],
            env=os.environ
            | environment
            | {
                "MOOVITAMIX_DATA_DIR": str(data_dir),
                "MOOVITAMIX_SPARK_MASTER": stands.url,
                "MOOVITAMIX_SPARK_MEMORY": "512m",
                "MOOVITAMIX_SPARK_PARTITIONS": "2",
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        wait_for(lambda: stands.busy() == 2 and sessions.exists(), "a build on both workers")
        stands.workers[0].kill()
        stands.workers[0].wait()
        assert building.poll() is None, "the build goes on"
        wait_for(lambda: stands.alive() == 1, "the loss, noticed")
        building.wait()
    assert building.returncode == 0, log_file.read_text()[-5000:]

    warehouse = Warehouse(data_dir)
    warehouse.build()
    for mart in MARTS:
        described = warehouse.rows(f"describe {mart}")
        columns = ", ".join(f"{name}::{kind} as {name}" for name, kind, *_ in described)
        made = f"'{data_dir}/spark/warehouse/main.db/{mart}/**/*.parquet'"
        on_spark = duckdb.sql(f"select {columns} from read_parquet({made}) order by all").fetchall()
        assert on_spark == warehouse.rows(f"select {columns} from {mart} order by all"), mart
        assert on_spark
