"""The kinds of models by name: how one is made, and read back from its arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ml.errors import UnusableModel
from ml.models.als import Als
from ml.models.baseline import Baseline
from ml.models.blend import Blend
from ml.models.ease import Ease
from ml.models.hybrid import Hybrid
from ml.models.knn import ItemKnn
from ml.models.popularity import Popularity
from ml.models.softmax.softmax import Softmax

if TYPE_CHECKING:
    from ml.models.model import Model

BASELINE = "baseline"

KINDS: dict[str, Any] = {
    BASELINE: Baseline,
    "popularity": Popularity,
    "item-knn": ItemKnn,
    "ease": Ease,
    "lightfm": Hybrid,
    "softmax": Softmax,
    "blend": Blend,
    "als": Als,
}


def kind_of(model: Model) -> str:
    """Return the name under which a model's class is known."""
    return next(name for name, kind in KINDS.items() if type(model) is kind)


def kind(name: str) -> Any:  # noqa: ANN401 - a class of models
    """Return the class of models with that name."""
    if name not in KINDS:
        raise UnusableModel(f"no kind of model is called {name!r}: there are {', '.join(KINDS)}")
    return KINDS[name]
