"""The second stage: trees are learned on validation, and kept where they are surely better."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ml.evaluation import metrics
from ml.evaluation.bootstrap import paired_gain
from ml.evaluation.evaluation import discovery
from ml.evaluation.ranking import best, hits_of
from ml.lifecycle.search.halving import Trial
from ml.models.blend import Blend
from ml.models.mixture import choose_weights
from ml.models.second_stage.reranked import Reranked, added_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml.data.interactions import Floats, Interactions, Ints
    from ml.evaluation.evaluation import Task
    from ml.models.model import Model

VALIDATION_USERS, FEWEST_VALIDATION_USERS = 2_000, 200
FOLDS, AT_ONCE = 5, 2
CONFIDENCE = 0.95
"""Share of the bootstrap draws of users in which the trees must rank better."""
TREES = 100
SETTINGS = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "learning_rate": 0.02,
    "num_leaves": 4,
    "min_data_in_leaf": 200,
    "lambda_l2": 5.0,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,  # folds are learned side by side, which waits for nothing
    "verbosity": -1,
}
"""Few and small trees: 150 with 7 leaves gained 1 % of NDCG@10 where these gained 3 %."""
_USERS = 500


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """Users x candidates: their features, and which were played; of each user, how many were."""

    features: Floats
    is_relevant: npt.NDArray[np.bool_]
    relevant: Ints

    def ndcg(self, scores: npt.NDArray[Any]) -> metrics.PerUser:
        return metrics.ndcg(hits_of(self.is_relevant, best(scores, 10)), self.relevant)

    def of(self, which: npt.NDArray[np.bool_]) -> _Candidates:
        return _Candidates(self.features[which], self.is_relevant[which], self.relevant[which])


def second_stage(
    blend: Blend, train: Interactions, validation: Interactions, seed: int
) -> tuple[Reranked | None, list[Trial]]:
    """Learn trees on the validation users, if those of other users rank surely better.

    Args:
        blend: Fitted on `train`; parts without weight are left out.
        train: What the users had heard.
        validation: What they played then.
        seed: Of the folds, and of the trees' samples.

    Returns:
        The blend with its trees, or none: without instants and metadata, with few users, or where
        trees of the other folds do not rank a fold better. And a trial, if they were tried.

    """
    task = discovery(train, validation, at_most=VALIDATION_USERS)
    knows_nothing = train.last_played is None and train.track_features is None
    if knows_nothing or len(task.users) < FEWEST_VALIDATION_USERS:
        return None, []
    blend = blend.weighted()
    stage = Reranked(blend, np.zeros(0, np.uint8)).with_facts(train)
    candidates = _candidates(stage, task)
    fold = np.random.default_rng(seed).integers(FOLDS, size=len(task.users))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        whole = pool.submit(_learned, candidates, seed)
        of_folds = pool.map(lambda one: _learned(candidates.of(fold != one), seed), range(FOLDS))
        scores = candidates.features[:, :, 0].astype(np.float64)
        for number, booster in enumerate(of_folds):
            scores[fold == number] += added_by(booster, candidates.features[fold == number])
    figures = candidates.ndcg(scores)
    gain = paired_gain(figures, candidates.ndcg(candidates.features[:, :, 0]), seed=seed)
    trial = Trial(Reranked.name, {"trees": TREES}, float(figures.mean()))
    if gain.probability < CONFIDENCE:
        return None, [trial]
    text = whole.result().model_to_string()
    return Reranked(blend, np.frombuffer(text.encode(), np.uint8)), [trial]


def make_blend(
    parts: tuple[Model, ...],
    train: Interactions,
    validation: Interactions,
    seed: int,
    on_trial: Callable[[Trial], object],
) -> tuple[Blend, Reranked | None]:
    """Weigh the parts of a blend, and try a second stage on it.

    Args:
        parts: The models, fitted on `train`.
        train: What the users had heard.
        validation: What they played then.
        seed: Of the second stage.
        on_trial: Called with the blend's trial, and with that of the second stage, if it is tried.

    Returns:
        The blend, and the blend with its second stage where that is kept.

    """
    weights, figure = choose_weights(parts, train, validation)
    blend = Blend(parts, weights)
    on_trial(Trial(blend.name, blend.settings(), figure))
    reranked, trials = second_stage(blend, train, validation, seed)
    for trial in trials:
        on_trial(trial)
    return blend, reranked


def _candidates(stage: Reranked, task: Task) -> _Candidates:
    parts = []
    for begin in range(0, len(task.users), _USERS):
        users = task.users[begin : begin + _USERS]
        features, candidates, _ = stage.features(users)
        played = task.test.heard(users) & ~task.training.heard(users)
        parts.append((features, hits_of(played, candidates), played.sum(axis=1)))
    return _Candidates(*(np.concatenate(its) for its in zip(*parts, strict=True)))


def _learned(candidates: _Candidates, seed: int) -> Any:  # noqa: ANN401 - LightGBM has no types
    """Boost from the blend's scores."""
    import lightgbm

    users, places, width = candidates.features.shape
    data = lightgbm.Dataset(
        candidates.features.reshape(-1, width),
        candidates.is_relevant.ravel().astype(np.int32),
        group=np.full(users, places),
        init_score=candidates.features[:, :, 0].ravel().astype(np.float64),
    )
    return lightgbm.train(SETTINGS | {"seed": seed}, data, TREES)
