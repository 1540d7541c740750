"""Conversion of a Spark build to a validated DuckDB build file, from its Parquet.

dbt makes the tables empty, with their keys, types and comments; the rows come from Spark's files.
What is published from it follows the way of any build.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.run.errors import HandoverIncomplete, NotValidated
from orchestration.run.lock import WriterLock
from orchestration.run.settings import Settings
from orchestration.warehouse.build_file import require_usable
from orchestration.warehouse.dbt_commands.dbt import dbt
from orchestration.warehouse.dbt_commands.failures import results_of
from orchestration.warehouse.publishing.publication import MARTS

if TYPE_CHECKING:
    import duckdb


RELATIONS = "select schema_name, table_name, row_count from ledger.relations"
BUILT = "select load_id from ledger.loads where is_built"


def hand_over(settings: Settings, lock: WriterLock) -> int:
    """Make the build file from Spark's validated marts; return how many rows were copied.

    None are when the build file holds that very build: features and recommendations, which are
    built on it, are published without another copy of the marts. Raises `NotValidated` when Spark's
    last build is not, `HandoverIncomplete` when a row is missing.
    """
    import duckdb

    lock.require_for(settings.data_dir)
    spark = _session(settings)
    build = _validated_build(spark)
    if build is None:
        raise NotValidated(settings.data_dir / "spark", "Spark's last build failed or did not end")
    if _holds(settings.build_file, build):
        return 0
    empty = ["run", "--selector", MARTS, "--empty", "--full-refresh"]
    results_of(dbt(settings, *empty), settings)
    relations = spark.sql(RELATIONS).collect()
    with duckdb.connect(settings.build_file) as built:
        for schema, table, rows in relations:
            spark.catalog.refreshTable(f"{schema}.{table}")
            files = spark.table(f"{schema}.{table}").inputFiles()
            if (copied := _copy(built, f"{schema}.{table}", files)) != rows:
                raise HandoverIncomplete(f"{schema}.{table}", copied, rows)
        _count_only(built, [load for (load,) in spark.sql(BUILT).collect()])
    which = ["--args", f"{{build: '{build}'}}"]
    results_of(dbt(settings, "run-operation", "validate_as_handed_over", *which), settings)
    return sum(rows for _, _, rows in relations)


def _validated_build(spark: Any) -> str | None:  # noqa: ANN401 - PySpark is an extra
    """The invocation id of Spark's last build, if it is validated."""
    if not spark.catalog.tableExists("ledger.state"):
        return None
    validated = (
        "select invocation_id from ledger.state where part = 'marts' and status = 'validated'"
    )
    state = spark.sql(validated).first()
    return str(state[0]) if state else None


def _holds(build_file: Path, build: str) -> bool:
    """Whether the build file is validated as a copy of that build."""
    import duckdb

    require_usable(build_file)
    if not build_file.exists():
        return False
    with duckdb.connect(build_file, read_only=True) as built:
        validated = """
            select 1 from ledger.state
            where part = 'marts' and status = 'validated' and invocation_id = ?
        """
        try:
            return bool(built.execute(validated, [build]).fetchall())
        except duckdb.CatalogException:  # no build has started in this file
            return False


def _copy(built: "duckdb.DuckDBPyConnection", table: str, files: list[str]) -> int:
    """Fill a table from Parquet files, by the names of its columns; return how many rows it has."""
    names = [name for name, *_ in built.sql(f"describe {table}").fetchall()]
    if files:
        paths = [file.removeprefix("file://") for file in files]
        built.execute(
            f"insert into {table} by name select {', '.join(names)}"
            " from read_parquet(?, hive_partitioning = true, hive_types_autocast = false)",
            [paths],
        )
    ((rows,),) = built.sql(f"select count(*) from {table}").fetchall()
    return int(rows)


def _count_only(built: "duckdb.DuckDBPyConnection", loads: list[str]) -> None:
    """Set the ledger to the loads that Spark has read, without later ones."""
    built.execute("delete from ledger.loads where not list_contains(?, load_id)", [loads])


def _session(settings: Settings) -> Any:  # noqa: ANN401 - PySpark is an extra
    """Spark, as dbt starts it: the settings of its target are read from profiles.yml, once."""
    from orchestration.warehouse.engines.spark_build import SPARK, require_spark

    require_spark()
    from pyspark.sql import SparkSession

    if SparkSession.getActiveSession() is None:
        results_of(dbt(settings, "run-operation", "wall_clock", target=SPARK), settings)
    return SparkSession.builder.getOrCreate()
