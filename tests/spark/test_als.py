"""ALS on Spark is a model like any other: a value, repeatable, and better than popularity."""

from pathlib import Path

import numpy as np
import pytest

from ml.data.splits import Split, split
from ml.evaluation.evaluation import discovery, evaluate_scorer
from ml.models.als import Als
from ml.models.array_files import digest, load, save
from ml.models.model_types import model_type
from ml.models.popularity import Popularity
from tests.support.logs import grouped_log

pytestmark = [pytest.mark.spark, pytest.mark.timeout(1800)]
SMALL = Als(factors=8, iterations=5)


@pytest.fixture(scope="module")
def parts() -> Split:
    return split(grouped_log(), "random", seed=0)


@pytest.fixture(scope="module")
def fitted(spark_home: Path, parts: Split) -> Als:
    assert spark_home
    return SMALL.fit(parts.training, seed=7)


def test_the_same_data_and_seed_give_the_same_bits(fitted: Als, parts: Split) -> None:
    assert digest(SMALL.fit(parts.training, seed=7).arrays()) == digest(fitted.arrays())
    assert digest(SMALL.fit(parts.training, seed=8).arrays()) != digest(fitted.arrays())


def test_it_comes_back_from_its_file_without_spark(fitted: Als, tmp_path: Path) -> None:
    written = save(fitted.arrays(), tmp_path / "als.npz")
    again = model_type("als").from_arrays(load(tmp_path / "als.npz", written))
    everyone = np.arange(len(fitted.arrays()["user_factors"]))
    assert type(again) is Als
    assert np.array_equal(again.scores(everyone), fitted.scores(everyone))


def test_it_finds_what_popularity_cannot(fitted: Als, parts: Split) -> None:
    task = discovery(parts.training, parts.test)
    popular = evaluate_scorer(Popularity().fit(parts.training, seed=7), task).means()
    personal = evaluate_scorer(fitted, task).means()
    assert personal["ndcg_at_10"] > 1.2 * popular["ndcg_at_10"]
