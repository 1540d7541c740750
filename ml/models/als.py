"""ALS on Apache Spark: factors of users and tracks, for logs that no one machine holds.

Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (ICDM 2008), as
`spark.ml` has it. Only training needs Spark; what it learned is two arrays, as of any other model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pyarrow as pa

from ml.models.model import Model, learned, setting
from ml.models.spark import session

if TYPE_CHECKING:
    from ml.data.interactions import Floats, Interactions, Ints

BLOCKS = 4
"""Pieces of users and of tracks: a fixed number, for the first factors are drawn block by block."""


@dataclass(frozen=True, slots=True, eq=False)
class Als(Model):
    """Scores are products of factors; a pair's weight says how surely it is a liking."""

    name: ClassVar[str] = "als"
    factors: int = 64
    iterations: int = setting(10, stored="rounds")
    regularization: float = setting(0.05, stored="ridge")
    alpha: float = setting(20.0, stored="trust")
    """The confidence of a play, relative to no play (alpha)."""
    user_factors: Floats = learned(by_user=True)
    track_factors: Floats = learned()

    def fit(self, data: Interactions, seed: int) -> Self:
        """Alternate between users and tracks on Spark; raise `UnusableModel` where it is not."""
        spark = session("ALS trains")
        from pyspark.ml.recommendation import ALS

        pairs = data.weights.tocoo()
        table = pa.table(
            {
                "user": pairs.row.astype(np.int32),
                "track": pairs.col.astype(np.int32),
                "weight": pairs.data.astype(np.float32),
            }
        )
        als = ALS(
            rank=self.factors,
            maxIter=self.iterations,
            regParam=self.regularization,
            alpha=self.alpha,
            implicitPrefs=True,
            numUserBlocks=BLOCKS,
            numItemBlocks=BLOCKS,
            userCol="user",
            itemCol="track",
            ratingCol="weight",
            seed=seed,
        )
        learned = als.fit(spark.createDataFrame(table).repartition(BLOCKS, "user"))
        users, tracks = data.shape
        return replace(
            self,
            user_factors=_dense(learned.userFactors.toArrow(), users, self.factors),
            track_factors=_dense(learned.itemFactors.toArrow(), tracks, self.factors),
        )

    def scores(self, users: Ints) -> Floats:
        """Return 0 for users and tracks without a play."""
        self.require_fitted()
        scores: Floats = self.user_factors[users] @ self.track_factors.T
        return scores


def _dense(learned: pa.Table, rows: int, factors: int) -> Floats:
    """Put each row's factors at its number; rows that were never seen stay at 0."""
    dense = np.zeros((rows, factors), np.float32)
    lists = learned["features"].combine_chunks()
    dense[learned["id"].to_numpy()] = lists.flatten().to_numpy().reshape(-1, factors)
    return dense
