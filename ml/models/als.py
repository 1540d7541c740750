"""ALS on Apache Spark: factors of users and tracks, for logs that no one machine holds.

Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (ICDM 2008), as
`spark.ml` has it. Only training needs Spark; what it learned is two arrays, as of any other model.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from ml.errors import NotFitted
from ml.models.spark import session

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from ml.data.interactions import Floats, Interactions, Ints
    from ml.models.array_files import Arrays

BLOCKS = 4
"""Pieces of users and of tracks: a fixed number, for the first factors are drawn block by block."""


@dataclass(frozen=True, slots=True, eq=False)
class Als:
    """Scores are products of factors; a pair's weight says how surely it is a liking."""

    factors: int = 64
    rounds: int = 10
    ridge: float = 0.05
    trust: float = 20.0
    """How much surer a play makes than no play does."""
    user_factors: Floats | None = None
    track_factors: Floats | None = None

    @property
    def name(self) -> str:
        """`als`."""
        return "als"

    def settings(self) -> dict[str, float]:
        """Return the hyper-parameters."""
        names = [field.name for field in fields(self) if not field.name.endswith("_factors")]
        return {name: getattr(self, name) for name in names}

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
            maxIter=self.rounds,
            regParam=self.ridge,
            alpha=self.trust,
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
        if self.user_factors is None or self.track_factors is None:
            raise NotFitted(self.name)
        scores: Floats = self.user_factors[users] @ self.track_factors.T
        return scores

    def of_users(self, users: Ints) -> Self:
        """Return the model that knows only these users."""
        if self.user_factors is None:
            raise NotFitted(self.name)
        return replace(self, user_factors=self.user_factors[users])

    def arrays(self) -> Arrays:
        """Return the settings and the factors."""
        if self.user_factors is None or self.track_factors is None:
            raise NotFitted(self.name)
        settings = {name: np.array(value) for name, value in self.settings().items()}
        return settings | {"user_factors": self.user_factors, "track_factors": self.track_factors}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Return the model that `arrays()` came from; no Spark is needed for it."""
        settings = {name: arrays[name].item() for name in cls().settings()}
        return cls(
            **settings, user_factors=arrays["user_factors"], track_factors=arrays["track_factors"]
        )


def _dense(learned: pa.Table, rows: int, factors: int) -> Floats:
    """Put each row's factors at its number; rows that were never seen stay at 0."""
    dense = np.zeros((rows, factors), np.float32)
    lists = learned["features"].combine_chunks()
    dense[learned["id"].to_numpy()] = lists.flatten().to_numpy().reshape(-1, factors)
    return dense
