"""A batch that Spark's executors score is the batch that one process scores."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from bench.models.catalogue import champion_of_chance, publish
from ml.scoring import batch
from ml.scoring.recommend import recommend
from ml.settings import MlSettings

pytestmark = [pytest.mark.spark, pytest.mark.timeout(1800)]


def test_executors_write_the_same_rows_in_the_same_order(
    spark_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert spark_home
    monkeypatch.setattr(batch, "CELLS", 20_000)  # chunks of 40 users
    here = MlSettings(data_dir=tmp_path)
    publish(here.marts_file, users=300, tracks=500, listens=5_000)
    champion_of_chance(here, 300, 500, factors=8)
    there = here.model_copy(update={"score_on": "spark"})
    written = [
        pq.read_table(next((tmp_path / "lake/ml/recommendations").rglob(f"run_id={run}/*.parquet")))
        for run, settings in (("here", here), ("there", there))
        if recommend(settings, run)
    ]
    batches = [table.drop_columns(["run_id", "made_at"]) for table in written]
    assert batches[0].num_rows > 10_000
    assert batches[0].equals(batches[1])
