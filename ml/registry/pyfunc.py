"""The registered model as MLflow loads it: this code, and factors as plain arrays. No pickle."""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from ml.errors import UnusableModel
from ml.evaluation.ranking import best
from ml.models.bundle import Bundle


class Recommender(PythonModel):
    """Answers user ids with their best tracks; a user that it does not know has none."""

    bundle: Bundle

    def load_context(self, context: PythonModelContext) -> None:
        """Read the arrays; they are refused unless their hash is the one written beside them."""
        expected = Path(context.artifacts["hash"]).read_text().strip()
        self.bundle = Bundle.load(Path(context.artifacts["factors"]), expected)

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002 - MLflow gives it
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return a row per user and rank: user_id, rank, track_id, score.

        Args:
            context: MLflow's context.
            model_input: A column `user_id`.
            params: `k`, the length of the lists.

        """
        if not len(self.bundle.users):
            raise UnusableModel(
                "a baseline ranks by what is published: `moovitamix recommend` makes its lists"
            )
        k = int((params or {}).get("k", 10))
        asked = model_input["user_id"].to_numpy()
        users = self.bundle.users[self.bundle.has_listened]
        rows = self.bundle.has_listened[np.isin(users, asked)]
        scores = self.bundle.model.scores(rows)
        ranked = best(scores, k)
        k = ranked.shape[1]
        return pd.DataFrame(
            {
                "user_id": np.repeat(self.bundle.users[rows], k),
                "rank": np.tile(np.arange(1, k + 1), len(rows)),
                "track_id": self.bundle.tracks[ranked].ravel(),
                "score": np.take_along_axis(scores, ranked, axis=1).ravel(),
            }
        )


mlflow.models.set_model(Recommender())
