"""The model types by name: how one is made, and read back from its arrays."""

from __future__ import annotations

from typing import Any

from ml.errors import UnusableModel
from ml.models.als import Als
from ml.models.baseline import Baseline
from ml.models.blend import Blend
from ml.models.hybrid import Hybrid
from ml.models.ials import Ials
from ml.models.neighbourhood.ease import Ease
from ml.models.neighbourhood.knn import ItemKnn
from ml.models.neighbourhood.near_ease import NearEase
from ml.models.neighbourhood.rp3beta import Rp3Beta
from ml.models.neighbourhood.session_knn import SessionKnn
from ml.models.popularity import Popularity
from ml.models.second_stage.reranked import Reranked
from ml.models.softmax.softmax import Softmax

_TYPES = (
    Baseline, Popularity, ItemKnn, SessionKnn, Rp3Beta, Ease, NearEase, Ials, Hybrid, Softmax,
    Blend, Reranked, Als,
)  # fmt: skip
MODEL_TYPES: dict[str, Any] = {one.name: one for one in _TYPES}


def model_type(name: str) -> Any:  # noqa: ANN401 - a class of models
    """Return the model type with that name; raise `UnusableModel` where there is none."""
    if name not in MODEL_TYPES:
        known = ", ".join(MODEL_TYPES)
        raise UnusableModel(f"no model type is called {name!r}: there are {known}")
    return MODEL_TYPES[name]
