"""Spark for models: a session, and the scoring of a batch chunk by chunk."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from ml.errors import UnusableModel
from ml.settings import SparkSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from ml.scoring.batch import Ranking
    from ml.scoring.playlist_batch import PlaylistRows

AT_ONCE = 64
"""Chunks of users whose recommendations this process takes in at a time."""


def session(what: str) -> Any:  # noqa: ANN401 - PySpark is an extra, whose types may not be there
    """Return Spark, which is started unless something in this process has.

    Raises `UnusableModel` where it is not installed; `what` wanted it.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UnusableModel(f"{what} on Spark: `make setup-spark` installs it") from error
    # Executors on this machine run the Python that has what they need.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = SparkSettings()
    return (
        SparkSession.builder.master(settings.master)
        .appName("moovitamix")
        .config("spark.log.level", "ERROR")
        .config("spark.driver.memory", settings.memory)
        .config("spark.driver.host", settings.driver_host)
        .config("spark.driver.bindAddress", settings.driver_host)
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )


def ranked_on_spark(ranking: Ranking | PlaylistRows, columns: pa.Schema) -> Iterator[pa.Table]:
    """Yield the recommendations or playlists of all users, in their order, by Spark's executors."""
    spark = session("a batch is scored")
    from pyspark.sql.pandas.types import from_arrow_schema

    lent = spark.sparkContext.broadcast(ranking)
    chunks = list(ranking)

    def rank(numbers: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in numbers:
            for number in batch["id"].to_pylist():
                yield from lent.value.of(chunks[number]).to_batches()

    for begin in range(0, len(chunks), AT_ONCE):
        end = min(begin + AT_ONCE, len(chunks))
        some = spark.range(begin, end, 1, end - begin)
        yield some.mapInArrow(rank, from_arrow_schema(columns)).toArrow().cast(columns)
