"""One Spark for all tests of this folder: a JVM takes longer to start than a test to run."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.spark.spark_marts import SparkMarts, small_spark


@pytest.fixture(scope="session")
def spark_home(data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder, with Spark's settings set."""
    folder, warehouse = tmp_path_factory.mktemp("spark_conf"), data_home / "spark" / "warehouse"
    with patch.dict(os.environ, small_spark(folder, warehouse=warehouse)):
        yield data_home


@pytest.fixture
def spark(spark_home: Path, data_dir: Path) -> Iterator[SparkMarts]:
    """An empty metastore over an empty data folder."""
    assert spark_home == data_dir
    yield SparkMarts(data_dir)
    _forget_tables()


def _forget_tables() -> None:
    """Drop what the test left in the metastore, which outlives it as the JVM does."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    for (schema,) in spark.sql("show schemas").collect():
        if schema != "default":
            spark.sql(f"drop schema {schema} cascade")
