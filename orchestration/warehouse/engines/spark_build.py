"""Builds of the marts on Apache Spark: the same models and tests, another target."""

import json
import os
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from orchestration.run.errors import SparkMissing
from orchestration.run.lock import WriterLock
from orchestration.run.settings import Settings
from orchestration.warehouse.build import Build, Listeners, run_build
from orchestration.warehouse.dbt_commands import unit_tests
from orchestration.warehouse.dbt_commands.dbt import Target, dbt
from orchestration.warehouse.dbt_commands.failures import results_of
from orchestration.warehouse.publishing.publication import MARTS

if TYPE_CHECKING:
    from dbt.artifacts.schemas.run import RunResult

SPARK = Target("spark", "spark_target")
LAKE_INDEX = Target("lake_index", "lake_index_target")
QUIET = Path(__file__).with_name("spark_conf")
"""Default settings of Spark, which else warns by the hundred."""


def build_on_spark(
    settings: Settings,
    lock: WriterLock,
    *,
    part: str = MARTS,
    full_refresh: bool = False,
    **listeners: Unpack[Listeners],
) -> Build:
    """Run `dbt build` of the marts on Spark; raise `BuildFailed` naming what failed.

    DuckDB lists the lake first: Spark reads neither the names of files nor what compacted ones
    say in their footers. Raises `SparkMissing` unless the extra and a Java are installed.

    Args:
        settings: Where the data folder and the lake are.
        lock: The writer lock of the data folder.
        part: A part of the build: marts, features, recommendations or monitoring.
        full_refresh: Whether it is built from the start.
        **listeners: `on_start` is called as each node starts, `on_node` as it ends.

    """
    lock.require_for(settings.data_dir)
    require_spark()
    index_lake(settings)
    results = run_build(
        settings,
        part,
        full_refresh=full_refresh,
        engine=unit_tests.SPARK,
        target=SPARK,
        **listeners,
    )
    return _summary(results, full_refresh)


def index_lake(settings: Settings) -> Path:
    """Write the list of files of the lake that count, and return its folder."""
    folder = settings.data_dir / "spark" / "index"
    folder.mkdir(parents=True, exist_ok=True)
    arguments = ["--args", json.dumps({"folder": str(folder)})]
    answer = dbt(settings, "run-operation", "index_lake", *arguments, target=LAKE_INDEX)
    results_of(answer, settings)
    return folder


def require_spark() -> None:
    """Raise `SparkMissing` unless the extra and a Java are installed."""
    from shutil import which

    if find_spec("pyspark") is None or find_spec("dbt.adapters.spark") is None:
        raise SparkMissing("PySpark and dbt-spark are not installed; `make setup-spark` does it")
    # The session that dbt starts may be asked for Python workers later (ml/models/spark.py).
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if "SPARK_HOME" not in os.environ:  # a Spark of one's own has its own settings
        os.environ.setdefault("SPARK_CONF_DIR", str(QUIET))
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
    if which("java") is None:
        raise SparkMissing("there is no `java`; Spark wants version 17 (Debian: openjdk-17-jre)")


def _summary(results: "list[RunResult]", full_refresh: bool) -> Build:
    """Return the build as the ledger in the metastore has it, which this process holds."""
    from pyspark.sql import SparkSession

    kinds = [str(result.node.resource_type) for result in results]
    spark = SparkSession.builder.getOrCreate()
    rows = spark.sql("select sum(row_count) from ledger.relations where part = 'marts'")
    quarantined_records = spark.sql(
        "select count(*) from quarantine.listen_history"
        " where load_id = (select max(load_id) from ledger.loads)"
    )
    state = spark.sql("select is_full_refresh from ledger.state where part = 'marts'").first()
    return Build(
        models=kinds.count("model"),
        tests=kinds.count("test") + kinds.count("unit_test"),
        warnings=[result.node.name for result in results if result.status == "warn"],
        is_full_refresh=bool(state[0]) if state else full_refresh,
        rows=int((rows.first() or [0])[0] or 0),
        quarantined=int((quarantined_records.first() or [0])[0]),
    )
