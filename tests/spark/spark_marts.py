"""The marts on Spark, built by the project's own command in this process, and what they hold."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.run.lock import hold
from orchestration.run.settings import Settings
from orchestration.warehouse.build import Build
from orchestration.warehouse.engines.spark_build import build_on_spark

# A few hundred rows: most of the time goes into compiling code for millions, which is left out.
SMALL_DATA = """\
spark.sql.codegen.wholeStage false
spark.sql.adaptive.enabled false
"""
LOG = """\
rootLogger.level = {level}
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %c{1}: %m%n
"""


def small_spark(
    conf_dir: Path, log: str = "error", *, warehouse: Path | None = None
) -> dict[str, str]:
    """The environment of a Spark for little data; the metastore exists as long as its process.

    Whatever starts Spark first in a process decides its `warehouse`; else dbt's profile does.
    """
    conf_dir.mkdir(parents=True, exist_ok=True)
    home = f"spark.sql.warehouse.dir {warehouse}\n" if warehouse else ""
    (conf_dir / "spark-defaults.conf").write_text(SMALL_DATA + home)
    (conf_dir / "log4j2.properties").write_text(LOG.replace("{level}", log))
    return {
        "SPARK_CONF_DIR": str(conf_dir),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "MOOVITAMIX_SPARK_CATALOG": "in-memory",
        "MOOVITAMIX_SPARK_MASTER": "local[2]",
        "MOOVITAMIX_SPARK_MEMORY": "1g",
        "MOOVITAMIX_SPARK_PARTITIONS": "1",
        "MOOVITAMIX_SPARK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }


@dataclass(frozen=True, slots=True)
class SparkMarts:
    """The metastore of this process, fed from the lake below `data_dir`."""

    data_dir: Path

    def build(self, *, full_refresh: bool = False) -> Build:
        """`moovitamix build --target spark` that must be good."""
        settings = Settings(data_dir=self.data_dir, target="spark")
        with hold(self.data_dir, "build", 0) as lock:
            return build_on_spark(settings, lock, full_refresh=full_refresh)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Answer a query."""
        from pyspark.sql import SparkSession

        return [tuple(row) for row in SparkSession.builder.getOrCreate().sql(sql).collect()]
